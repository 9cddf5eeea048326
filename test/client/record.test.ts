import { expect, test } from 'vitest';
import { type AuditClientOptions, parseOptions } from '../../src/client/options.ts';
import type { EventInput } from '../../src/client/prepare-event.ts';
import { toTime } from '../../src/domain/encoding.ts';
import { codeOf } from '../../src/domain/error.ts';
import { limits } from '../../src/domain/limits.ts';
import { readLine } from '../../src/domain/line.ts';
import { timeOfUuid, uuidV7 } from '../../src/domain/uuid.ts';
import { apiKey, url } from '../fake/token-service.ts';
import { input, start, world } from '../fixture/audit-client.ts';

function nested(depth: number): unknown {
  let value: unknown = 'leaf';
  for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { a: value };
  return value;
}

const circular: Record<string, unknown> = {};
circular['self'] = [circular];
/** 2^27 paths through 28 objects. */
const shared = Array.from({ length: 27 }).reduce<unknown>((inner) => ({ a: inner, b: inner }), {});

const metadata = (value: unknown): Partial<EventInput> => ({ metadata: { list: [0, value] } });
const id = uuidV7(start, new Uint8Array(10));

/** Each with what the message must say: where, and what to do. */
const invalid: [string, unknown, RegExp][] = [
  ['NaN', input(0, metadata(Number.NaN)), /metadata\.list\.1: NaN .*null/],
  ['Infinity', input(0, metadata(-Infinity)), /metadata\.list\.1: -Infinity/],
  ['undefined in an array', input(0, metadata(undefined)), /metadata\.list\.1: undefined/],
  ['a hole in an array', input(0, { metadata: { list: new Array(1) } }), /metadata\.list\.0/],
  [
    'a function',
    input(
      0,
      metadata(() => 1),
    ),
    /metadata\.list\.1: JSON has no function/,
  ],
  ['a symbol', input(0, metadata(Symbol('s'))), /metadata\.list\.1: JSON has no symbol/],
  [
    'a BigInt',
    input(0, metadata(1n)),
    /metadata\.list\.1: JSON has no bigint; give it as a string/,
  ],
  ['a Map', input(0, metadata(new Map([[1, 2]]))), /metadata\.list\.1: a Map/],
  ['a Buffer', input(0, metadata(Buffer.from('x'))), /metadata\.list\.1: a Buffer/],
  ['an invalid Date', input(0, metadata(new Date('x'))), /metadata\.list\.1: an invalid Date/],
  ['half a surrogate pair', input(0, metadata('a\ud800b')), /metadata\.list\.1: half of/],
  ['half a pair in a key', input(0, metadata({ '\udc00': 1 })), /metadata\.list\.1.*: half of/],
  ['a circle', input(0, metadata(circular)), /metadata\.list\.1\.self.*refers to itself/],
  ['depth over 32', input(0, { metadata: { d: nested(31) } }), /nested deeper than 32/],
  ['a value shared 2^27 times', input(0, metadata(shared)), /more values than a line/],
  ['a line over 64 KiB', input(0, metadata('x'.repeat(limits.line))), /at most 65536/],
  ['nothing', undefined, /event: give an object/],
  ['an array', [], /event: give an object/],
  ['no actor', { action: 'a.b' }, /actor: /],
  ['an unknown member', { ...input(0), actors: [] }, /no member actors.*metadata/],
  [
    'an unknown member of a party',
    input(0, { targets: [{ type: 't', id: 'i', nam: '' } as never] }),
    /targets\.0: there is no member nam/,
  ],
  ['NUL in an id', input(0, { actor: { type: 'user', id: 'a\0' } }), /actor\.id: no control/],
  ['bidi in an id', input(0, { actor: { type: 'user', id: 'a\u202eb' } }), /actor\.id: no control/],
  ['a time that is none', input(0, { time: '2026-02-30T00:00:00.000Z' }), /time: give RFC 3339/],
  [
    'a time with an offset',
    input(0, { time: '2026-02-03T00:00:00.000+01:00' }),
    /time: give RFC 3339/,
  ],
  ['a Date as time', input(0, { time: new Date(start) as never }), /time: give RFC 3339/],
  ['a time before 1970', input(0, { time: '1969-12-31T23:59:59.999Z' }), /time: give RFC 3339/],
  ['an id of another time', input(0, { id, time: toTime(start - 1) }), /id: its timestamp/],
  ['an id that is no UUIDv7', input(0, { id: 'e17' }), /id: give a UUIDv7/],
  ['an id in upper case', input(0, { id: id.toUpperCase() }), /id: give a UUIDv7/],
];

for (const [what, event, message] of invalid) {
  test(`${what} is rejected, and the message says where`, async () => {
    const { client } = world();
    const error = await client.record(event as EventInput).catch((reason: unknown) => reason);
    expect(codeOf(error)).toBe('event-invalid');
    expect((error as Error).message).toMatch(message);
    expect(client.stats()).toMatchObject({ recorded: 0, pending: { events: 0, bytes: 0 } });
  });
}

test('whatever is accepted is a line that the consumer finds valid', async () => {
  const { client, clock, lines } = world();
  const depth = nested(30); // two levels above it: 32 in all
  const events: EventInput[] = [
    input(0),
    input(1, { metadata: { depth, when: new Date(start), absent: undefined, __proto__: null } }),
    input(2, { metadata: JSON.parse('{"__proto__": 1, "ttl": 0}') }),
    input(3, { metadata: { text: 'x'.repeat(limits.line - 400) } }),
    input(4, { targets: [{ type: 'invoice', id: '😀', name: 'ü' }], outcome: 'failure' }),
  ];
  for (const event of events) void client.record(event);
  await clock.while(client.flush());
  expect(lines()).toHaveLength(events.length);
  for (const line of lines()) expect(readLine(Buffer.from(line)).kind).toBe('event');
  expect(lines()[1]).toContain(`"when":"${toTime(start)}"`);
});

test('what the caller leaves out is filled in, and id and time always agree', async () => {
  const { client, clock, lines } = world();
  const time = toTime(start - 1234);
  const given = uuidV7(start - 99, new Uint8Array(10).fill(7));
  for (const over of [
    {},
    { time },
    { id: given },
    { id: given, time: toTime(start - 99) },
    JSON.parse('{}'),
    { id: undefined, time: undefined } as never,
  ])
    void client.record(input(0, over));
  await clock.while(client.flush());
  const events = lines().map((line) => JSON.parse(line));
  expect(events.map((event) => event.time)).toEqual([
    toTime(start),
    time,
    toTime(start - 99),
    toTime(start - 99),
    toTime(start),
    toTime(start),
  ]);
  for (const event of events) {
    expect(toTime(timeOfUuid(event.id))).toBe(event.time);
    expect(event).toMatchObject({ outcome: 'success', targets: [] });
  }
  expect(events[2].id).toBe(given);
});

test('once the server’s time is known, an event from the far future or beyond the retention is rejected', async () => {
  const { client, clock } = world();
  await clock.while(client.record(input(0)));
  const reject = async (time: number) =>
    (await client
      .record(input(1, { time: toTime(time) }))
      .catch((e: Error) => e.message)) as string;
  expect(await reject(clock.now() + limits.aheadMs + 1)).toMatch(/time: 300001 ms ahead/);
  expect(await reject(clock.now() - 366 * 86_400_000)).toMatch(/time: older than the retention/);
});

test('a level that there is not is rejected', async () => {
  const { client } = world();
  const error = await client.record(input(0), { until: 'stored' as never }).catch((e) => e);
  expect(codeOf(error)).toBe('request-invalid');
});

test('ids of one millisecond keep the order of recording', async () => {
  const { client, clock, lines } = world();
  for (let n = 0; n < 100; n++) void client.record(input(n));
  await clock.while(client.flush());
  const ids = lines().map((line) => JSON.parse(line).id as string);
  expect(ids).toEqual([...ids].sort());
});

test('options are checked: a typo, a bad value and an unsafe address are refused by name', () => {
  const wrong: [Record<string, unknown>, RegExp][] = [
    [{ lingerMS: 5 }, /no option lingerMS; there are .*lingerMs/],
    [{ maxBatchEvents: 1001 }, /maxBatchEvents: /],
    [{ inFlight: 0 }, /inFlight: /],
    [{ sessionSeconds: 60 }, /sessionSeconds: /],
    [{ onFull: 'drop' }, /onFull: /],
    [{ url: 'http://audit.example' }, /url: give an https URL/],
    [{ url: 'https://me:pw@audit.example' }, /url: give an https URL/],
    [{ apiKey: 'secret\n' }, /apiKey: give the key/],
  ];
  for (const [over, message] of wrong) {
    const options = { url, apiKey, ...over } as AuditClientOptions;
    expect(() => parseOptions(options)).toThrow(message);
    expect(() => parseOptions(options)).not.toThrow('secret');
  }
  expect(parseOptions({ url: 'https://audit.example/prod/', apiKey })).toMatchObject({
    url: 'https://audit.example/prod',
    lingerMs: 200,
    maxBatchEvents: 500,
    onFull: 'wait',
    inFlight: 4,
  });
  expect(parseOptions({ url: 'http://127.0.0.1:4566', apiKey }).url).toBe('http://127.0.0.1:4566');
});
