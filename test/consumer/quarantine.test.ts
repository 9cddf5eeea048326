import { describe, expect, test } from 'vitest';
import { createQuarantine } from '../../src/consumer/quarantine.ts';
import type { SetAside } from '../../src/consumer/set-aside.ts';
import { sha256 } from '../../src/domain/encoding.ts';

const start = Date.parse('2026-03-01T23:59:00.000Z');
let sequence = 100;

function aside(text: string, over: { tenant?: string; arrival?: number; attempts?: number } = {}) {
  const { tenant, ...rest } = over;
  const place = { shard: 'shardId-000000000003', partitionKey: 'p' };
  const sequenceNumber = String(sequence++);
  const arrived = { data: Buffer.from(text), arrival: start, sequenceNumber, ...place, ...rest };
  return { arrived, code: 'root-mismatch', reason: 'because', tenant } satisfies SetAside;
}

/** A bucket that several containers write into. */
function setUp(fate: (call: number) => void = () => {}) {
  const objects = new Map<string, string>();
  const calls: string[] = [];
  const failures: unknown[] = [];
  let now = start;
  const container = () => {
    const keep = createQuarantine({
      now: () => now,
      async put(key, body) {
        calls.push(key);
        fate(calls.length);
        if (objects.has(key)) return 'present';
        objects.set(key, body);
        return 'created';
      },
    });
    return (...records: SetAside[]) => keep(records, (error) => failures.push(error));
  };
  return { objects, calls, failures, container, pass: (ms: number) => (now += ms) };
}

const hex = (text: string) => sha256(text).toString('hex');

describe('a record that can never be accepted', () => {
  test('is kept once for all its copies, with their count, and told apart from the first', async () => {
    const { container, objects } = setUp();
    const keep = container();
    expect(await keep(aside('a'), aside('b'), aside('a'), aside('a'))).toEqual([
      'created',
      'created',
      'present',
      'present',
    ]);
    expect([...objects.keys()]).toEqual(
      ['a', 'b'].map((text) => `nobody/2026/03/01/${hex(text)}.ndjson`),
    );
    const lines = [...objects.values()].map((body) => JSON.parse(body));
    expect(lines.map(({ copies }) => copies)).toEqual([3, undefined]);
    expect(lines[0].record).toBe(Buffer.from('a').toString('base64'));
  });

  test('costs no call when it comes again to a container that has kept it, and no object in another', async () => {
    const { container, objects, calls } = setUp();
    const [one, another] = [container(), container()];
    for (let i = 0; i < 100; i++) await one(aside('a'), aside('a'));
    expect(calls).toHaveLength(1);
    expect(await another(aside('a'))).toEqual(['present']);
    expect(objects.size).toBe(1);
  });

  test('is written again after a while, for an operator may have taken it away', async () => {
    const { container, objects, pass } = setUp();
    const keep = container();
    await keep(aside('a'));
    objects.clear();
    pass(600_000);
    expect(await keep(aside('a'))).toEqual(['created']);
  });

  test('is kept anew on another day, and for each time that it was redriven', async () => {
    const { container, objects } = setUp();
    const keep = container();
    await keep(aside('a'));
    await keep(aside('a', { arrival: start + 60_000 }), aside('a', { attempts: 1 }));
    expect([...objects.keys()].map((key) => key.replace(hex('a'), '…'))).toEqual([
      'nobody/2026/03/01/….ndjson',
      'nobody/2026/03/02/….ndjson',
      'nobody/2026/03/01/…-redriven-1.ndjson',
    ]);
  });

  test('lies with its tenant by what was signed: the same manifest with its body packed otherwise is a copy', async () => {
    const { container, objects } = setUp();
    const keep = container();
    const tenant = 'acme';
    expect(await keep(aside('m\nx', { tenant }), aside('m\ny', { tenant }), aside('m\nx'))).toEqual(
      ['created', 'present', 'created'],
    );
    expect([...objects.keys()]).toEqual([
      `tenant-acme/2026/03/01/${hex('m')}.ndjson`,
      `nobody/2026/03/01/${hex('m\nx')}.ndjson`,
    ]);
  });

  test('that cannot be written is not done, nor are its copies, and soon no more are tried', async () => {
    const { container, objects, calls, failures } = setUp((call) => {
      if (call === 2) throw new Error('down');
    });
    const keep = container();
    const records = Array.from({ length: 100 }, (_, i) => aside(String(i)));
    const fates = await keep(...records, aside('1'));
    expect(fates[0]).toBe('created');
    expect([fates[1], fates[100]]).toEqual(['failed', 'failed']);
    expect(calls.length).toBeLessThan(33);
    expect(failures).toHaveLength(1);
    // And none of these is remembered as kept.
    expect(new Set(await keep(...records))).toEqual(new Set(['present', 'created']));
    expect(objects.size).toBe(100);
  });

  test('floods no memory: the oldest are forgotten', async () => {
    const { container, calls } = setUp();
    const keep = container();
    await keep(...Array.from({ length: 10_001 }, (_, i) => aside(String(i))));
    calls.length = 0;
    expect(await keep(aside('0'), aside('10000'))).toEqual(['present', 'present']);
    expect(calls).toHaveLength(1);
  });
});
