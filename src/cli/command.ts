import type { Option } from './option.ts';
import type { Args } from './read-args.ts';
import type { Session } from './session.ts';

/** One command of the tool. */
export interface Command {
  /** Such as `tenants create`. */
  readonly name: string;
  /** What stands for its operands, such as `TENANT`; one word each, all of them required. */
  readonly operands?: string;
  readonly summary: string;
  readonly options: Readonly<Record<string, Option>>;
  /** What must be known to use it well, as paragraphs. */
  readonly about: readonly string[];
  readonly examples: readonly string[];
  /** Throws a UsageError for what cannot be meant, a Failure for what could not be done. */
  run(args: Args, session: Session): Promise<void>;
}
