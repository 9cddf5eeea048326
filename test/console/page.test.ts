import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesOf } from '../../src/console/model/check-event.ts';
import { readRow } from '../../src/console/page/row.ts';
import { lineOf, splitPage } from '../../src/console/page/split-page.ts';
import { event } from '../fixture/events.ts';

const about = {
  received: '2026-01-01T00:00:01.000Z',
  late: false,
  client: 'billing',
  producer: 'p',
  seq: 0,
  batch: 'b',
};
const item = (line: string) => `{"event":${line},${JSON.stringify(about).slice(1)}`;
const page = (items: readonly string[], rest = '"order":"exact","next":null') =>
  `{"events":[${items.join(',')}],${rest}}`;

describe('a page of events', () => {
  test('is taken apart without reading a number', () => {
    const line = `{"n":9007199254740993, "s":"a \\"]}{[\\\\", "deep":[[{}]]}`;
    const found = splitPage(page([item(line), item('{}')], '"order":"partial","next":"abc"'));
    expect(found.items.map(lineOf)).toEqual([line, '{}']);
    expect(found).toMatchObject({ order: 'partial', next: 'abc' });
  });

  test('is taken apart whatever its lines hold', () => {
    const objects = fc.array(fc.dictionary(fc.string(), fc.jsonValue()));
    fc.assert(
      fc.property(objects, (values) => {
        const lines = values.map((value) => JSON.stringify(value));
        expect(splitPage(page(lines.map(item))).items.map(lineOf)).toEqual(lines);
      }),
    );
  });

  test('that is empty, or the last one', () => {
    expect(splitPage(page([]))).toEqual({
      ...{ items: [], order: 'exact', next: undefined },
      ...{ holes: 0, isFaultyLeftOut: false },
    });
  });

  test('says what is missing from it', () => {
    const rest =
      '"order":"exact","next":null,"holes":[{"code":"x"},{"code":"x"}],"leftOut":"faulty"';
    expect(splitPage(page([item('{}')], rest))).toMatchObject({ holes: 2, isFaultyLeftOut: true });
  });

  test.each(['', '{}', '[]', '{"events":[{"a":1}', '{"events":[{"a":"', '{"events":["x"]}'])(
    'is refused if it is none: %s',
    (text) => expect(() => splitPage(text)).toThrow(),
  );
});

describe('a row of the list', () => {
  test('names what is seen of the event', () => {
    const shown = event(1_700_000_000_123, {
      actor: { type: 'user', id: 'u', name: 'Ana' },
      targets: [
        { type: 'invoice', id: 'i' },
        { type: 'invoice', id: 'j' },
      ],
      outcome: 'denied',
    });
    expect(readRow(item(JSON.stringify(shown)))).toMatchObject({
      id: shown.id,
      time: 1_700_000_000_123,
      actor: 'Ana',
      target: 'invoice:i',
      moreTargets: 1,
      outcome: 'denied',
      fault: undefined,
    });
  });

  test('tells different events of one id apart, and knows the same one again', () => {
    const one = event(1_700_000_000_123);
    const other = { ...one, action: 'another.thing' };
    const keys = [one, other, one].map((each) => readRow(item(JSON.stringify(each))).key);
    expect(keys[0]).not.toBe(keys[1]);
    expect(keys[2]).toBe(keys[0]);
  });

  test('of a faulty line has its fault, and its exact bytes', () => {
    const bytes = Buffer.from('{"id":"x","\xff":1}', 'latin1');
    const faulty = JSON.stringify({
      ...about,
      id: 'x',
      time: '2026-01-01T00:00:00.000Z',
      faults: ['utf8'],
      line: bytes.toString('base64url'),
      text: bytes.toString('utf8'),
    });
    expect(readRow(faulty)).toMatchObject({ fault: 'utf8', action: '' });
    expect(Buffer.from(bytesOf(faulty))).toEqual(bytes);
  });
});
