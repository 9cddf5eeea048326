import { expect, test } from 'vitest';
import { exactLine } from '../../src/cli/read/tail-line.ts';
import { readLine } from '../../src/domain/line.ts';
import type { OpenedLine } from '../../src/domain/open.ts';
import { event, line } from '../fixture/events.ts';

const now = Date.parse('2026-03-01T12:00:00.000Z');

function opened(bytes: Buffer): OpenedLine {
  const read = readLine(bytes);
  if (read.kind === 'no-id') throw new Error('the line has no id');
  return { ...read, bytes };
}

const shown = (isTTY: boolean, bytes: Buffer) =>
  exactLine({ stdout: { write: () => true, isTTY } })(opened(bytes));

test('a line goes into a pipe as it is, and cannot steer a terminal', () => {
  const bytes = line(event(now, { reason: 'a\u009b2J\u202eb' }));
  expect(shown(false, bytes)).toBe(bytes.toString());
  const safe = shown(true, bytes);
  expect(safe).not.toMatch(/[\u009b\u202e]/);
  expect(JSON.parse(safe)).toEqual(JSON.parse(bytes.toString()));
});

test('a line that is no valid event is one object of JSON, as the API has it', () => {
  const faulty = Buffer.from(`\ufeff${line(event(now))}`);
  for (const isTTY of [false, true])
    expect(JSON.parse(shown(isTTY, faulty))).toEqual({
      sealtrail: {
        id: opened(faulty).id,
        faults: ['bom'],
        line: faulty.toString('base64url'),
      },
    });
});
