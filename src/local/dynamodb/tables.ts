import type { PolicyDocument } from '../service.ts';

/** What is known of a table besides what dynalite keeps. */
interface Table {
  readonly arn: string;
  readonly partitionKey: string;
  readonly sortKey: string | undefined;
  /** The attribute that expires items; they are never removed here. */
  ttlAttribute?: string | undefined;
  resourcePolicy?: PolicyDocument | undefined;
  deletionProtected: boolean;
}

/** Tables by name. */
export type Tables = Map<string, Table>;

/** A table may be named by its ARN wherever its name may stand. */
export function nameOf(nameOrArn: string): string {
  return nameOrArn.replace(/^arn:aws:dynamodb:[^:]*:\d*:table\//, '');
}
