import type { Args } from './read-args.ts';
import type { Session } from './session.ts';

/** An option as `--help` shows it. */
export interface Option {
  /** What stands for its value in the help, such as `DAYS`; without one it is a switch. */
  readonly value?: string;
  readonly repeated?: boolean;
  readonly help: string;
}

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

/** The command line cannot be understood: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** What was asked was not done, or not wholly: exit code 1. */
export class Failure extends Error {
  override readonly name = 'Failure';
}
