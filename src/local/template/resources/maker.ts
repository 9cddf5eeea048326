import { z } from 'zod';
import type { Place, PolicyDocument } from '../../service.ts';
import type { Made, Provider } from '../provider.ts';

/** Where in an app a resource stands. */
export interface At {
  readonly stack: string;
  readonly logicalId: string;
  /** Folder of the cloud assembly. */
  readonly assembly: string;
  readonly place: Place;
}

/** Makes one type of resource from its resolved properties. */
export type Maker = (properties: unknown, at: At, provider: Provider) => Promise<Made>;

/** A property that changes nothing locally, and is said to. All others are refused unless they are read. */
export const ignored = z.unknown().optional();

export const policyDocument = z.custom<PolicyDocument>(
  (value) => typeof value === 'object' && value !== null && 'Statement' in value,
  'a policy document',
);

/**
 * A maker whose properties are checked first: strictly, so that a property which the local AWS would not honour is
 * an error that names it, and not a stack that behaves otherwise than on AWS.
 */
export function maker<Properties>(
  schema: z.ZodType<Properties>,
  make: (properties: Properties, at: At, provider: Provider) => Promise<Made>,
): Maker {
  return (properties, at, provider) => {
    const parsed = schema.safeParse(properties ?? {});
    if (!parsed.success) throw new Error(z.prettifyError(parsed.error));
    return make(parsed.data, at, provider);
  };
}

/**
 * The name that a resource gets which was given none, as CloudFormation makes one of stack and logical id.
 *
 * @param limit longest name that its service allows; the end is kept, which tells resources apart
 */
export function physicalName(at: At, limit: number): string {
  return `${at.stack}-${at.logicalId}`.slice(-limit).replace(/^-+/, '');
}
