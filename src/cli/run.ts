import type { Command } from './command.ts';
import { commands } from './commands.ts';
import { describeError } from './describe-error.ts';
import { escapeText } from './escape-text.ts';
import { UsageError } from './failure.ts';
import { commandHelp, toolHelp } from './help.ts';
import { createOutput } from './output.ts';
import { readOutputs } from './outputs.ts';
import { readArgs } from './read-args.ts';
import { openSession } from './session.ts';

interface Streams {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean };
}

/** Runs the tool with these words. Resolves with its exit code; never rejects. */
export async function run(words: readonly string[], { stdout, stderr }: Streams): Promise<number> {
  const command = commands.find(({ name }) => name === words.slice(0, 2).join(' '));
  try {
    if (command === undefined) return withoutCommand(words, stdout);
    const args = readArgs(command, words.slice(2));
    if (args.flag('help')) {
      stdout.write(commandHelp(command));
      return 0;
    }
    const outputs = await readOutputs(args.text('outputs') ?? 'sealtrail.json');
    const session = openSession(outputs, createOutput(stdout, stderr, args.flag('json')), Date.now);
    try {
      await command.run(args, session);
    } finally {
      session.close();
    }
    return 0;
  } catch (error) {
    stderr.write(`sealtrail: ${escapeText(describeError(error))}\n`);
    if (!(error instanceof UsageError)) return 1;
    stderr.write(`Try: npm run sealtrail -- ${nameOf(command)}--help\n`);
    return 2;
  }
}

function withoutCommand(words: readonly string[], stdout: Streams['stdout']): number {
  const [first] = words;
  if (first === '--help') {
    stdout.write(toolHelp(commands));
    return 0;
  }
  const group = commands.filter(({ name }) => first !== undefined && name.startsWith(`${first} `));
  if (group.length > 0 && (words[1] === undefined || words[1] === '--help')) {
    stdout.write(group.map(commandHelp).join('\n'));
    return words[1] === undefined ? 2 : 0;
  }
  throw new UsageError(
    first === undefined
      ? 'which command?'
      : `there is no command ${words.slice(0, 2).join(' ')}; there are ${commands.map(({ name }) => name).join(', ')}`,
  );
}

function nameOf(command: Command | undefined): string {
  return command === undefined ? '' : `${command.name} `;
}
