import type { Option } from './option.ts';
import type { Output, Sink } from './output.ts';
import type { Args } from './read-args.ts';
import type { Session } from './session.ts';

interface Described {
  /** Such as `tenants create`, or `verify`. */
  readonly name: string;
  /** What stands for its operands, such as `TENANT`; one word each, all of them required. */
  readonly operands?: string;
  readonly summary: string;
  readonly options: Readonly<Record<string, Option>>;
  /** What must be known to use it well, as paragraphs. */
  readonly about: readonly string[];
  readonly examples: readonly string[];
}

/** A command of the operator, who has AWS credentials and the file of outputs. */
export interface Command extends Described {
  /** Throws a UsageError for what cannot be meant, a Failure for what could not be done. */
  run(args: Args, session: Session): Promise<void>;
}

/** What a command works with that needs no AWS: no more than the API, or nothing at all. */
export interface Desk {
  readonly out: Output;
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Epoch ms. */
  readonly now: () => number;
  /** How the tool is called, for what it says of itself. */
  readonly program: string;
  /** Aborted by Ctrl-C: what is done stays, and the command ends. */
  readonly signal: AbortSignal;
}

/** A command of whoever reads, ships or verifies. */
export interface DeskCommand extends Described {
  readonly kind: 'desk';
  /** Exit codes of its own, besides 0, 1 and 2, in `about`. Throws as a `Command` does. */
  work(args: Args, desk: Desk): Promise<number>;
}

export type AnyCommand = Command | DeskCommand;
