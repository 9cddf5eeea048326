import type { z } from 'zod';
import type { ContextEvent } from './context.ts';
import type { RecordOptions, Until } from './entry.ts';

/** What an action's metadata is, in its latest version and in earlier ones that are still recorded. */
export interface Definition {
  /** Counts up whenever `metadata` changes: 1, 2, 3 … */
  readonly version: number;
  /** A zod schema of an object; what it parses to is recorded. */
  readonly metadata: z.core.$ZodType;
  readonly earlier?: { readonly [version: number]: z.core.$ZodType };
}

/** By action. */
export type Definitions = Readonly<Record<string, Definition>>;

type Optional<T> = Record<never, never> extends T ? { metadata?: T | undefined } : { metadata: T };

/** The latest version need not be named, an earlier one must be. */
type Versions<D extends Definition, A extends string> =
  | (Optional<z.input<D['metadata']>> & { schema?: `${A}/${D['version']}` | undefined })
  | (D extends { earlier: infer E extends { readonly [version: number]: z.core.$ZodType } }
      ? {
          [V in keyof E & number]: Optional<z.input<E[V]>> & { schema: `${A}/${V}` };
        }[keyof E & number]
      : never);

/** What an event of the action says besides it. */
export type PartsOf<C extends Definitions, A extends keyof C & string> = Omit<
  ContextEvent,
  'action' | 'metadata' | 'schema'
> &
  Versions<C[A], A>;

export type TypedEvent<C extends Definitions, A extends keyof C & string> = {
  readonly action: A;
} & PartsOf<C, A>;

/** The parts may be left out where all of them may. */
export type RecordArguments<
  C extends Definitions,
  A extends keyof C & string,
  U extends Until = Until,
> =
  Record<never, never> extends PartsOf<C, A>
    ? [parts?: PartsOf<C, A>, options?: RecordOptions<U>]
    : [parts: PartsOf<C, A>, options?: RecordOptions<U>];
