import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { batchId, parseRecord } from '../../src/domain/manifest.ts';
import { readClient } from '../../src/lambda/read-grant.ts';
import { event, line, lines } from '../fixture/events.ts';
import type { Pipeline, Quarantined } from '../fixture/pipeline.ts';
import { sharedPipeline } from '../fixture/shared-pipeline.ts';
import { put, sealed, type Tenant, type Vended, vend } from '../fixture/vended.ts';
import { build, good } from '../vector/build.ts';
import { faulty, valid, wrong } from '../vector/recipes.ts';

let pipeline: Pipeline;

beforeAll(async () => {
  pipeline = await sharedPipeline();
});
afterAll(() => pipeline?.close());

async function writer(
  name: string,
  over?: { retentionDays: number },
): Promise<{ tenant: Tenant; vended: Vended }> {
  const tenant = await pipeline.tenant(name, over);
  return { tenant, vended: await vend(pipeline.url, tenant) };
}

/** Puts all on one shard and lane, so that what is behind a bad record shows that its shard goes on. */
async function deliver(vended: Vended, records: Iterable<Buffer>): Promise<void> {
  const all = [...records];
  for (let i = 0; i < all.length; i += 50) await put(vended, all.slice(i, i + 50), () => 'one key');
  await pipeline.drained();
}

/** Every event that a tenant is shown, as JSON, but for what tells of such reads; the log of a test fits one page. */
async function shown(tenant: Tenant, filter = ''): Promise<Record<string, unknown>[]> {
  const response = await pipeline.get(`/v1/events?order=asc&limit=1000${filter}`, tenant);
  const { events } = (await response.json()) as { events: Record<string, unknown>[] };
  return events.filter(({ client }) => client !== readClient);
}

/** How often a function counted a metric that the stack has an alarm on. */
function counted(name: string, metric: string): number {
  const reports = pipeline.printed.filter(
    (text) => text.startsWith(`sealtrail-dev-${name}: {"_aws"`) && text.includes(`"${metric}":`),
  );
  const values = reports.map((text) => JSON.parse(text.slice(text.indexOf('{')))[metric]);
  return values.reduce((sum, value) => sum + value, 0);
}

const now = Date.now();
const dayMs = 24 * 3_600_000;

/** Beside the golden vectors' recipes: what depends on the time of arrival, on the 30 days that `brief` keeps, or on what Kinesis takes. */
const unwelcome: Record<string, [code: string, make: (vended: Vended, brief: Vended) => Buffer]> = {
  'over 5 min ahead of its arrival': [
    'clock-ahead',
    (vended) => sealed(vended, [line(event(now + 6 * 60_000))]),
  ],
  'older than what is kept': [
    'too-old',
    (_, brief) => sealed(brief, [line(event(now - 31 * dayMs))]),
  ],
  'of 1 MiB, less its partition key': [
    'record-too-large',
    (vended) => Buffer.concat([sealed(vended, lines(now, 1)), Buffer.alloc(1_047_000, 1)]),
  ],
};

describe('a bad record', () => {
  const records = new Map<string, Buffer>();
  const behind = lines(now, 2);
  let quarantined: Quarantined[];
  let tenant: Tenant;

  beforeAll(async () => {
    const who = await writer('bad');
    const brief = await writer('brief', { retentionDays: 30 });
    tenant = who.tenant;
    for (const [name, [, recipe]] of Object.entries(wrong))
      records.set(name, build(recipe, who.vended).record);
    for (const [name, [, make]] of Object.entries(unwelcome))
      records.set(name, make(who.vended, brief.vended));
    await deliver(who.vended, records.values());
    await deliver(who.vended, [sealed(who.vended, behind)]);
    quarantined = await pipeline.quarantined();
  });

  const rows = [...Object.entries(wrong), ...Object.entries(unwelcome)];
  test.each(rows.map(([name, [code]]) => [name, code] as const))(
    '%s is quarantined raw, once, as %s',
    (name, code) => {
      const record = records.get(name);
      const found = quarantined.filter(
        (each) => record !== undefined && each.record.equals(record),
      );
      expect(found.map((each) => each.code)).toEqual([code]);
    },
  );

  test('is not stored, and what comes behind it is', async () => {
    expect(await pipeline.log(tenant)).toEqual(behind.map(String));
  });

  test('of a version that is not known yet rings its own alarm', () => {
    expect(counted('consumer', 'UnknownVersion')).toBe(1);
  });
});

describe('a batch with lines that are no valid events', () => {
  let tenant: Tenant;
  let vended: Vended;
  let events: Record<string, unknown>[];
  const records = new Map<string, Buffer>();

  beforeAll(async () => {
    ({ tenant, vended } = await writer('faulty'));
    for (const [name, [, recipe]] of Object.entries(faulty))
      records.set(name, build(recipe, vended).record);
    await deliver(vended, records.values());
    events = await shown(tenant, '&faulty=true');
  });

  test.each(
    Object.entries(faulty).map(([name, [fault, recipe]]) => [name, fault, recipe] as const),
  )('%s is stored whole, and its line is shown as %s', async (name, fault, recipe) => {
    const odd = Buffer.from(recipe.lines?.[0] ?? '').toString('base64url');
    const found = events.filter((each) => each['line'] === odd);
    expect(found.map((each) => each['faults'])).toEqual([[fault]]);
    const stored = (await pipeline.batches(tenant)).map(({ record }) => record?.B);
    expect(stored).toContainEqual(Uint8Array.from(records.get(name) ?? []));
  });

  test('shows the good lines beside them, and no line without its flag', async () => {
    const all = await pipeline.log(tenant);
    expect(all.filter((text) => text === good[1])).toHaveLength(1);
    expect(all.filter((text) => text.startsWith('{"sealtrail":'))).toHaveLength(
      Object.keys(faulty).length,
    );
  });
});

describe('a batch that is odd but right', () => {
  test('is given back byte for byte: numbers that JSON would round, names that mean something to a store', async () => {
    const { tenant, vended } = await writer('odd');
    const odd = ['valid-numbers-kept', 'valid-inert-names'] as const;
    await deliver(
      vended,
      odd.map((name) => build(valid[name] ?? {}, vended).record),
    );
    const expected = odd.map((name) => String(valid[name]?.lines?.[0]));
    const log = await pipeline.log(tenant);
    expect(log).toEqual(expect.arrayContaining(expected));
    expect(log).toHaveLength(4);
    expect(expected[0]).toContain('9007199254740993');
  });

  test('is one row whatever it is packed with, and may be a producer’s empty end', async () => {
    const { tenant, vended } = await writer('packed');
    const records = Object.values(valid).map((recipe) => build(recipe, vended).record);
    await deliver(vended, records);
    const ids = new Set(records.map((record) => batchId(parseRecord(record).manifest)));
    expect(ids.size).toBe(records.length - 3);
    expect(await pipeline.batches(tenant)).toHaveLength(ids.size);
  });

  test('does not harm its neighbours when it comes twice in one invocation', async () => {
    const { tenant, vended } = await writer('twins');
    const [a = [], b = [], c = []] = [lines(now, 2), lines(now + 10, 2), lines(now + 20, 2)];
    const [first, twin, last] = [a, b, c].map((each) => sealed(vended, each)) as Buffer[];
    const { invocations } = pipeline.deployment.mapping.stats;
    await deliver(vended, [first, twin, twin, twin, last] as Buffer[]);
    expect(pipeline.deployment.mapping.stats.invocations - invocations).toBe(1);
    expect(await pipeline.batches(tenant)).toHaveLength(3);
    expect(await pipeline.log(tenant)).toEqual([...a, ...b, ...c].map(String));
  });
});

describe('batches that contradict each other', () => {
  test('with one event id and other content are both shown, and counted', async () => {
    const { tenant, vended } = await writer('equivocal');
    const honest = event(now);
    const both = [line(honest), line({ ...honest, outcome: 'denied' })];
    await deliver(
      vended,
      both.map((each) => sealed(vended, [each])),
    );
    expect((await pipeline.log(tenant)).sort()).toEqual(both.map(String).sort());
    expect(counted('read', 'Equivocations')).toBeGreaterThan(0);
  });

  test('with one number of one producer are both stored', async () => {
    const { tenant, vended } = await writer('forked');
    const producer = event(now).id;
    const two = [lines(now, 1), lines(now + 1, 1)];
    await deliver(
      vended,
      two.map((each) => sealed(vended, each, { producer })),
    );
    expect(await pipeline.batches(tenant)).toHaveLength(2);
  });

  test('with a gap before them are stored', async () => {
    const { tenant, vended } = await writer('gap');
    const own = lines(now, 2);
    await deliver(vended, [sealed(vended, own, { seq: 7, prev: 'A'.repeat(43) })]);
    expect(await pipeline.log(tenant)).toEqual(own.map(String));
  });
});
