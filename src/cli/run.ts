import type { AnyCommand, Command, DeskCommand } from './command.ts';
import { commands } from './commands.ts';
import { describeError } from './describe-error.ts';
import { escapeText } from './escape-text.ts';
import { UsageError } from './failure.ts';
import { commandHelp, toolHelp } from './help.ts';
import { createOutput, type Sink } from './output.ts';
import { type Args, readArgs } from './read-args.ts';

interface Streams {
  readonly stdout: Sink;
  readonly stderr: Sink;
  /** @default `npm run sealtrail --` */
  readonly program?: string;
  /** @default that of this process */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Asks commands that go on for ever to end. */
  readonly signal?: AbortSignal;
}

/** Runs the tool with these words. Resolves with its exit code; never rejects. */
export async function run(words: readonly string[], streams: Streams): Promise<number> {
  const { stdout, stderr, program = 'npm run sealtrail --' } = streams;
  const found = find(words);
  try {
    if (found === undefined) return withoutCommand(words, stdout, program);
    const { command, rest } = found;
    const args = readArgs(command, rest);
    if (args.flag('help')) {
      stdout.write(commandHelp(command, program));
      return 0;
    }
    return 'kind' in command
      ? await workAtDesk(command, args, { ...streams, program })
      : await operate(command, args, streams);
  } catch (error) {
    stderr.write(`sealtrail: ${escapeText(describeError(error))}\n`);
    if (!(error instanceof UsageError)) return 1;
    stderr.write(`Try: ${program} ${found === undefined ? '' : `${found.command.name} `}--help\n`);
    return 2;
  }
}

/** By its name of two words, or of one. */
function find(
  words: readonly string[],
): { readonly command: AnyCommand; readonly rest: readonly string[] } | undefined {
  for (const length of [2, 1]) {
    const command = commands.find(({ name }) => name === words.slice(0, length).join(' '));
    if (command !== undefined) return { command, rest: words.slice(length) };
  }
  return undefined;
}

/** The AWS clients are loaded for those commands only that need them. */
async function operate(command: Command, args: Args, { stdout, stderr }: Streams): Promise<number> {
  const [{ readOutputs }, { openSession }] = await Promise.all([
    import('./outputs.ts'),
    import('./session.ts'),
  ]);
  const outputs = await readOutputs(args.text('outputs') ?? 'sealtrail.json');
  const session = openSession(outputs, createOutput(stdout, stderr, args.flag('json')), Date.now);
  try {
    await command.run(args, session);
  } finally {
    session.close();
  }
  return 0;
}

function workAtDesk(
  command: DeskCommand,
  args: Args,
  { stdout, stderr, program, env = process.env, signal }: Streams & { readonly program: string },
): Promise<number> {
  return command.work(args, {
    out: createOutput(stdout, stderr, args.flag('json')),
    stdout,
    stderr,
    env,
    now: Date.now,
    program,
    signal: signal ?? new AbortController().signal,
  });
}

function withoutCommand(words: readonly string[], stdout: Sink, program: string): number {
  const [first] = words;
  if (first === '--help') {
    stdout.write(toolHelp(commands, program));
    return 0;
  }
  const group = commands.filter(({ name }) => first !== undefined && name.startsWith(`${first} `));
  if (group.length > 0 && (words[1] === undefined || words[1] === '--help')) {
    stdout.write(group.map((command) => commandHelp(command, program)).join('\n'));
    return words[1] === undefined ? 2 : 0;
  }
  throw new UsageError(
    first === undefined
      ? 'which command?'
      : `there is no command ${words.slice(0, 2).join(' ')}; there are ${commands.map(({ name }) => name).join(', ')}`,
  );
}
