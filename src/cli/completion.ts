import type { AnyCommand, DeskCommand } from './command.ts';
import { UsageError } from './failure.ts';
import { commonOptions, deskOptions } from './read-args.ts';

const shells = { bash, zsh, fish } as const;

/** The command that prints what a shell needs to complete these commands, and itself. */
export function completionOf(others: readonly AnyCommand[]): DeskCommand {
  const completion: DeskCommand = {
    kind: 'desk',
    name: 'completion',
    operands: 'SHELL',
    summary: 'print what makes bash, zsh or fish complete commands and options',
    options: {},
    about: ['SHELL is bash, zsh or fish. Load it in the file that the shell reads when it starts.'],
    examples: ['completion bash', 'completion zsh', 'completion fish'],
    async work(args, { stdout }) {
      const shell = args.operand(0);
      if (!Object.hasOwn(shells, shell))
        throw new UsageError(`SHELL is ${Object.keys(shells).join(', ')}, not ${shell}`);
      stdout.write(shells[shell as keyof typeof shells]([...others, completion].map(wordsOf)));
      return 0;
    },
  };
  return completion;
}

interface Words {
  readonly name: string;
  readonly summary: string;
  /** `--from`. */
  readonly options: readonly string[];
}

function wordsOf(command: AnyCommand): Words {
  const common = 'kind' in command ? deskOptions : commonOptions;
  const options = Object.keys({ ...command.options, ...common }).map((name) => `--${name}`);
  return { name: command.name, summary: command.summary, options };
}

/** What may follow a word: of a group its commands. */
function firstWords(commands: readonly Words[]): string[] {
  return [...new Set(commands.map(({ name }) => name.split(' ')[0] ?? ''))];
}

function secondWords(commands: readonly Words[], first: string): string[] {
  return commands.flatMap(({ name }) =>
    name.startsWith(`${first} `) ? [name.slice(first.length + 1)] : [],
  );
}

function bash(commands: readonly Words[]): string {
  const cases = commands.map(
    ({ name, options }) => `    "${name}") words="${options.join(' ')}" ;;`,
  );
  const groups = firstWords(commands).flatMap((first) => {
    const seconds = secondWords(commands, first);
    // A group may be a command itself.
    const own = commands.find(({ name }) => name === first)?.options ?? [];
    return seconds.length === 0
      ? []
      : [`    ${first}) words="${[...seconds, ...own].join(' ')}" ;;`];
  });
  return `# eval "$(sealtrail completion bash)"
_sealtrail() {
  local word="\${COMP_WORDS[COMP_CWORD]}" words=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${firstWords(commands).join(' ')} --help" -- "$word"))
    return
  fi
  case "\${COMP_WORDS[1]} \${COMP_WORDS[2]}" in
${cases.filter((each) => /" *[a-z]+ [a-z]+"/.test(each)).join('\n')}
  esac
  [ -n "$words" ] || case "\${COMP_WORDS[1]}" in
${groups.join('\n')}
${cases.filter((each) => !/" *[a-z]+ [a-z]+"/.test(each)).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
  # A word that is no option is most often a file.
  [ \${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "$word"))
}
complete -F _sealtrail sealtrail
`;
}

/** zsh reads what was written for bash. */
function zsh(commands: readonly Words[]): string {
  return bash(commands).replace(
    '# eval "$(sealtrail completion bash)"\n',
    '# eval "$(sealtrail completion zsh)"\nautoload -U +X bashcompinit && bashcompinit\n',
  );
}

function fish(commands: readonly Words[]): string {
  const lines = ['# sealtrail completion fish | source', 'complete -c sealtrail -f'];
  const quote = (text: string) => `'${text.replace(/['\\]/g, '\\$&')}'`;
  for (const { name, summary, options } of commands) {
    const [first = '', second] = name.split(' ');
    lines.push(
      second === undefined
        ? `complete -c sealtrail -n __fish_use_subcommand -a ${first} -d ${quote(summary)}`
        : `complete -c sealtrail -n '__fish_seen_subcommand_from ${first}' -a ${second} -d ${quote(summary)}`,
    );
    for (const option of options)
      lines.push(
        `complete -c sealtrail -n '__fish_seen_subcommand_from ${first}${second === undefined ? '' : `; and __fish_seen_subcommand_from ${second}`}' -l ${option.slice(2)}`,
      );
  }
  for (const first of firstWords(commands).filter((each) => secondWords(commands, each).length > 0))
    lines.push(`complete -c sealtrail -n __fish_use_subcommand -a ${first}`);
  return `${lines.join('\n')}\n`;
}
