import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { commands } from '../../src/cli/commands.ts';
import { UsageError } from '../../src/cli/failure.ts';
import { readOutputs } from '../../src/cli/outputs.ts';
import { readArgs } from '../../src/cli/read-args.ts';
import { run } from '../../src/cli/run.ts';

async function ran(...words: string[]) {
  const said = { stdout: '', stderr: '' };
  const writer = (name: keyof typeof said) => ({
    write(text: string) {
      said[name] += text;
    },
  });
  const code = await run(words, {
    stdout: writer('stdout'),
    stderr: writer('stderr'),
  });
  return { code, ...said };
}

/** A line's words, as a shell would split them. */
const split = (line: string) =>
  [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c ?? '');

describe.each(commands.map((command) => [command.name, command] as const))(
  '%s',
  (name, command) => {
    test('has help that names each option, in lines that fit', async () => {
      const { code, stdout } = await ran(...name.split(' '), '--help');
      expect(code).toBe(0);
      expect(stdout).toContain(`Usage: npm run sealtrail -- ${name}`);
      for (const option of Object.keys(command.options)) expect(stdout).toContain(`  --${option}`);
      const prose = stdout.slice(0, stdout.indexOf('Examples:')).split('\n');
      expect(Math.max(...prose.map((line) => line.length))).toBeLessThanOrEqual(100);
      // A paragraph is not a column of words.
      expect(prose.filter((line) => /^\w+$/.test(line))).toEqual([]);
    });

    test('understands its own examples', () => {
      expect(command.examples.length).toBeGreaterThan(0);
      for (const example of command.examples) {
        const words = split(example);
        const length = name.split(' ').length;
        expect(words.slice(0, length).join(' ')).toBe(name);
        readArgs(command, words.slice(length));
      }
    });

    test('refuses what it does not know', async () => {
      const { code, stderr } = await ran(...name.split(' '), '--nonsense');
      expect(code).toBe(2);
      expect(stderr).toContain(`Try: npm run sealtrail -- ${name} --help`);
    });
  },
);

test('the tool’s help names every command', async () => {
  const { code, stdout } = await ran('--help');
  expect(code).toBe(0);
  for (const { name } of commands) expect(stdout).toContain(`  ${name}`);
});

test.each([[[]], [['nope']], [['tenants', 'nope']], [['--nope']]])(
  '%j is no command',
  async (words) => {
    const { code, stdout, stderr } = await ran(...words);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('--help');
  },
);

test('a group alone shows the help of all in it', async () => {
  const { code, stdout } = await ran('keys');
  expect(code).toBe(2);
  for (const each of ['create', 'list', 'rotate', 'revoke'])
    expect(stdout).toContain(`keys ${each}`);
});

const anyCommand = {
  operands: 'A',
  options: {
    n: { value: 'N', help: '' },
    age: { value: 'TIME', help: '' },
    who: { value: 'NAME', help: '' },
  },
};

test.each([
  ['90s', 90_000],
  ['15m', 900_000],
  ['2h', 7_200_000],
  ['7d', 604_800_000],
])('%s is a time', (text, ms) => {
  expect(readArgs(anyCommand, ['a', '--age', text]).duration('age')).toBe(ms);
});

test('a value may begin with a dash, unless it is an option', () => {
  expect(readArgs(anyCommand, ['a', '--who', '-x_9']).text('who')).toBe('-x_9');
  expect(readArgs(anyCommand, ['a', '--who', '--x']).text('who')).toBe('--x');
  expect(() => readArgs(anyCommand, ['a', '--who', '--age', '1h'])).toThrow(UsageError);
  expect(() => readArgs(anyCommand, ['a', '--who'])).toThrow(UsageError);
});

test.each(['', '1', '1w', '-1h', '1.5h', '1h30m', ' 1h'])('%j is no time', (text) => {
  expect(() => readArgs(anyCommand, ['a', `--age=${text}`]).duration('age')).toThrow(UsageError);
});

test.each(['', '0', '-1', '1.5', '1e3', '11', '٣', '0x1'])(
  '%j is no number from 1 to 10',
  (text) => {
    expect(() => readArgs(anyCommand, ['a', `--n=${text}`]).whole('n', 10)).toThrow(UsageError);
  },
);

test.each(['', '*', 'a b', 'a/b', 'x'.repeat(65), 'ä'])('%j is no name', (text) => {
  expect(() => readArgs(anyCommand, ['a', `--who=${text}`]).id('who')).toThrow(UsageError);
});

test.each([[[]], [['a', 'b']]])('operands are counted: %j', (words) => {
  expect(() => readArgs(anyCommand, words)).toThrow(UsageError);
});

const whole = {
  Data: {
    StreamName: 's',
    RegistryTable: 'r',
    GrantsTable: 'g',
    QuarantineBucket: 'q',
    RedriveBucket: 'd',
    DeadLetterQueueUrl: 'https://sqs.eu-west-1.amazonaws.com/1/q',
    ProducersTable: 'p',
    SigningKeyArn: 'arn:aws:kms:eu-west-1:111122223333:key/1',
    ExportsOutputSomething: 'x',
  },
  Service: { ConsumerFunction: 'c', Issuer: 'sealtrail/dev', ApiUrl: 'https://x' },
};

describe('the file of outputs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sealtrail-outputs-'));
  const file = join(folder, 'outputs.json');
  const written = (content: unknown) => {
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
    return readOutputs(file);
  };

  test('is read whatever its stacks are called', async () => {
    expect(await written(whole)).toMatchObject({ StreamName: 's', Issuer: 'sealtrail/dev' });
  });

  test.each([
    ['is not JSON', '{', /is not JSON/],
    ['is of another form', [1], /not a file of/],
    ['lacks a stack', { Data: whole.Data }, /lacks ConsumerFunction, Issuer.*--outputs-file/],
    ['holds two stages', { ...whole, Prod: { StreamName: 'p' } }, /more than one deployment/],
  ])('that %s is refused with what to do', async (_, content, message) => {
    await expect(written(content)).rejects.toThrow(message);
  });

  test('that is not there is asked for', async () => {
    const { code, stderr } = await ran('tenants', 'list', '--outputs', join(folder, 'none.json'));
    expect(code).toBe(1);
    expect(stderr).toContain('cdk deploy --all --outputs-file');
  });
});
