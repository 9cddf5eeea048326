import { UsageError } from '../failure.ts';
import type { Option } from '../option.ts';
import type { Args } from '../read-args.ts';

/** The filters of the API, as options: different ones are combined with AND, repeated ones with OR. */
export const filterOptions: Readonly<Record<string, Option>> = {
  actor: { value: 'ID', repeated: true, help: 'of this actor; again for one or the other' },
  action: { value: 'ACTION', repeated: true, help: 'such as invoice.refunded' },
  target: { value: 'TYPE:ID', repeated: true, help: 'upon this target' },
  outcome: { value: 'OUTCOME', repeated: true, help: 'success, failure or denied' },
  ip: { value: 'ADDRESS', repeated: true, help: 'from this address' },
  correlation: { value: 'ID', repeated: true, help: 'with this correlation id' },
  metadata: { value: 'PATH=VALUE', repeated: true, help: 'with this value in its metadata' },
  late: { help: 'that arrived over five minutes after they happened' },
};

/** Not of `tail`, which filters by itself. */
export const textOption: Readonly<Record<string, Option>> = {
  q: {
    value: 'TEXT',
    help: 'with this text anywhere in the line, whatever its case; 3 to 100 characters',
  },
};

export function textOf(args: Args): [string, string][] {
  const text = args.text('q');
  return text === undefined ? [] : [['q', text]];
}

export const rangeOptions: Readonly<Record<string, Option>> = {
  from: {
    value: 'TIME',
    help: 'events of this time or later: 2026-01-31T12:00:00Z, 2026-01-31, or how long ago, 24h',
  },
  to: { value: 'TIME', help: 'events before this time, said in the same way' },
};

const simple = ['actor', 'action', 'target', 'outcome', 'ip', 'correlation'] as const;

/** The filters by the names of the API, each with its values. */
export function filtersOf(args: Args): [string, string][] {
  const found: [string, string][] = simple.flatMap((name) =>
    args.texts(name).map((value): [string, string] => [name, value]),
  );
  for (const each of args.texts('metadata')) {
    const [, path, value] = /^([^=]+)=(.*)$/s.exec(each) ?? [];
    if (path === undefined || value === undefined)
      throw new UsageError(`--metadata is PATH=VALUE, not ${each}`);
    found.push([`metadata.${path}`, value]);
  }
  return args.flag('late') ? [...found, ['late', 'true']] : found;
}

const units = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/** A time as RFC 3339; what is said as how long ago is counted from now, once. Throws a UsageError. */
export function timeOption(args: Args, name: string, now: number): string | undefined {
  const text = args.text(name);
  if (text === undefined) return undefined;
  const [, count, unit] = /^-?(\d{1,6})([smhdw])$/.exec(text) ?? [];
  const ms =
    count === undefined
      ? /^\d{4}-\d\d-\d\d/.test(text)
        ? Date.parse(text)
        : Number.NaN
      : now - Number(count) * units[unit as keyof typeof units];
  if (Number.isNaN(ms) || ms < 0)
    throw new UsageError(
      `--${name} is a time such as 2026-01-31T12:00:00Z, 2026-01-31 or 24h, not ${text}`,
    );
  return new Date(ms).toISOString();
}
