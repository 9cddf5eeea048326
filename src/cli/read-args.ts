import { parseArgs } from 'node:util';
import { idPattern } from '../domain/limits.ts';
import { UsageError } from './failure.ts';
import type { Option } from './option.ts';

/** A command's words, read. Each method throws a UsageError that says what is wrong with them. */
export interface Args {
  operand(index: number): string;
  flag(name: string): boolean;
  text(name: string): string | undefined;
  texts(name: string): readonly string[];
  /** A tenant's or client's name. */
  id(name: string): string | undefined;
  whole(name: string, max: number): number | undefined;
  /** Milliseconds of `90s`, `15m`, `2h` or `7d`. */
  duration(name: string): number | undefined;
}

/** Options of every command that needs no AWS. */
export const deskOptions: Readonly<Record<string, Option>> = {
  json: { help: 'one JSON object a line, for programs' },
  help: { help: 'print this' },
};

/** Options of every command of the operator. */
export const commonOptions: Readonly<Record<string, Option>> = {
  outputs: {
    value: 'FILE',
    help: 'where the deployment is: the file of `cdk deploy --all --outputs-file` (default ./sealtrail.json)',
  },
  json: { help: 'one JSON object a line instead of a table' },
  help: { help: 'print this' },
};

/** What a command takes: operands by what stands for them, and options. */
interface Words {
  /** One that needs no AWS. */
  readonly kind?: 'desk';
  readonly operands?: string;
  readonly options: Readonly<Record<string, Option>>;
}

const units = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

export function readArgs({ operands = '', options, kind }: Words, words: readonly string[]): Args {
  const { values, positionals } = parse(words, {
    ...options,
    ...(kind === 'desk' ? deskOptions : commonOptions),
  });
  const wanted = operands.split(' ').filter((word) => word !== '');
  // With --help nothing else need be there.
  if (values['help'] !== true && positionals.length !== wanted.length)
    throw new UsageError(
      wanted.length === 0
        ? `${positionals[0]} is not expected here`
        : `expected ${operands}, not ${positionals.join(' ') || 'nothing'}`,
    );

  const text = (name: string): string | undefined => {
    const value = values[name];
    if (value === '') throw new UsageError(`--${name} is empty`);
    return typeof value === 'string' ? value : undefined;
  };
  return {
    operand: (index) => positionals[index] ?? '',
    flag: (name) => values[name] === true,
    text,
    texts(name) {
      const value = values[name];
      return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
    },
    id(name) {
      const value = text(name);
      return value === undefined ? undefined : checkId(`--${name}`, value);
    },
    whole(name, max) {
      const value = text(name);
      if (value === undefined) return undefined;
      const number = /^\d{1,9}$/.test(value) ? Number(value) : 0;
      if (number < 1 || number > max)
        throw new UsageError(`--${name} is a whole number from 1 to ${max}, not ${value}`);
      return number;
    },
    duration(name) {
      const value = text(name);
      if (value === undefined) return undefined;
      const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(value) ?? [];
      if (count === undefined)
        throw new UsageError(`--${name} is a time such as 90s, 15m, 2h or 7d, not ${value}`);
      return Number(count) * units[unit as keyof typeof units];
    },
  };
}

/** Throws a UsageError unless it may name a tenant or client. */
export function checkId(what: string, text: string): string {
  if (!idPattern.test(text))
    throw new UsageError(`${what} has 1 to 64 of A-Z a-z 0-9 . _ -, which ${text} is not`);
  return text;
}

function parse(words: readonly string[], options: Readonly<Record<string, Option>>) {
  const config = Object.fromEntries(
    Object.entries(options).map(([name, { value, repeated = false }]) => [
      name,
      {
        type: value === undefined ? ('boolean' as const) : ('string' as const),
        multiple: repeated,
      },
    ]),
  );
  try {
    const args = withDashes(words, options);
    return parseArgs({ args, options: config, allowPositionals: true });
  } catch (error) {
    // Node's own words name the option and the way out.
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** `--issuer -x…` as `--issuer=-x…`: one thumbprint or grant id in 64 begins with a dash, and so does `-24h`. */
function withDashes(words: readonly string[], options: Readonly<Record<string, Option>>): string[] {
  const joined: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    const next = words[i + 1] ?? '';
    const takesValue = word.startsWith('--') && options[word.slice(2)]?.value !== undefined;
    const isOption =
      next.startsWith('--') && Object.hasOwn(options, next.slice(2).split('=')[0] ?? '');
    if (word === '--') return [...joined, ...words.slice(i)];
    if (takesValue && next.startsWith('-') && next !== '--' && !isOption) {
      joined.push(`${word}=${next}`);
      i += 1;
    } else joined.push(word);
  }
  return joined;
}
