import type { AnyCommand } from './command.ts';
import type { Option } from './option.ts';
import { commonOptions, deskOptions } from './read-args.ts';

/** The help of the tool: its commands, and what holds for all of them. */
export function toolHelp(commands: readonly AnyCommand[], prefix: string): string {
  const list = (kind: 'desk' | undefined) =>
    columns(
      commands
        .filter((command) => ('kind' in command ? command.kind : undefined) === kind)
        .map(({ name, operands, summary }) => [
          [name, operands].filter(Boolean).join(' '),
          summary,
        ]),
    );
  return `Usage: ${prefix} COMMAND [options]

The tool of a Sealtrail deployment: for those who read, ship and verify, and for its operator.

To read, ship and verify:
${list('desk')}

They need the address of the API and an API key in the environment, SEALTRAIL_URL and SEALTRAIL_API_KEY, or a profile
(--profile NAME) of ~/.config/sealtrail/profiles.json. No AWS credentials. \`verify\` needs neither, and no network.

To operate:
${list(undefined)}

Options of every one of these:
${columns(optionRows(commonOptions))}

They need the file of \`cdk deploy --all --outputs-file sealtrail.json\`, and AWS credentials from the usual places
(environment, profile, SSO) with an operator's rights: src/cli/README.md lists them.

Every change stands between two audit events of the tenant \`system\`: \`….requested\` is accepted by the stream before
anything is touched, the outcome before success is reported. If the first cannot be recorded nothing is changed.

Exit codes: 0 done, 1 not or not wholly done, 2 the command line is not understood.
\`verify\`: 0 all intact, 1 something forged, 3 nothing forged but something incomplete.

${prefix} COMMAND --help says more, with examples.
`;
}

export function commandHelp(command: AnyCommand, prefix: string): string {
  const { name, operands, summary, options, about, examples } = command;
  const common = 'kind' in command ? deskOptions : commonOptions;
  const usage = [prefix, name, operands, '[options]'].filter(Boolean).join(' ');
  const paragraphs = [
    `Usage: ${usage}`,
    wrap(`${summary[0]?.toUpperCase()}${summary.slice(1)}.`),
    ...about.map((each) => wrap(each)),
    `Options:\n${columns(optionRows({ ...options, ...common }))}`,
    `Examples:\n${examples.map((each) => `  ${prefix} ${each}`).join('\n')}`,
  ];
  return `${paragraphs.join('\n\n')}\n`;
}

function optionRows(options: Readonly<Record<string, Option>>): string[][] {
  return Object.entries(options).map(([name, { value, help }]) => [
    value === undefined ? `--${name}` : `--${name} ${value}`,
    help,
  ]);
}

const width = 100;

function columns(rows: readonly (readonly string[])[]): string {
  const left = Math.max(...rows.map(([name = '']) => name.length)) + 4;
  return rows
    .map(([name = '', text = '']) => {
      const lines = wrap(text, width - left).split('\n');
      return lines.map((line, i) => (i === 0 ? `  ${name}` : '').padEnd(left) + line).join('\n');
    })
    .join('\n');
}

function wrap(text: string, columnsWide = width): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > columnsWide) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.join('\n');
}
