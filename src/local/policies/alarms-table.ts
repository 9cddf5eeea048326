import type { Stack } from '../template/assembly.ts';

/** Every alarm, with what its description says that it means and what to do: a table in Markdown. */
export function alarmsTable(stacks: readonly Stack[]): string {
  const rows = stacks.flatMap(({ template }) =>
    Object.values(template.Resources).flatMap(({ Type, Properties }) =>
      Type === 'AWS::CloudWatch::Alarm' ? [row(Properties ?? {})] : [],
    ),
  );
  return ['| alarm | means | do |', '|---|---|---|', ...rows].join('\n');
}

function row({
  AlarmName,
  AlarmDescription,
}: {
  AlarmName?: unknown;
  AlarmDescription?: unknown;
}): string {
  const name = String(AlarmName).split('-').at(-1);
  const said = /^Means: (?<means>.*)\nDo: (?<act>.*)$/s.exec(String(AlarmDescription))?.groups;
  if (said === undefined) throw new Error(`the alarm ${name} does not say what it means and to do`);
  return `| ${name} | ${said['means']} | ${said['act']} |`;
}
