import { describe, expect, test } from 'vitest';
import { readClient } from '../../src/lambda/read-grant.ts';
import { feedLagMs } from '../../src/store/feed.ts';
import { MemoryProducers } from '../fake/memory-producers.ts';
import { chain } from '../fixture/producer-life.ts';
import { auditorHarness, graceMs } from './harness.ts';

const life = chain(6, { fin: true });
const at = (...places: number[]) => places.flatMap((i) => life[i] ?? []);

describe('what a run counts', () => {
  test('is nothing for an honest producer, but how far behind it is', async () => {
    const auditor = auditorHarness();
    await auditor.store(life.slice(0, 3));
    await auditor.store(life.slice(3));
    expect(await auditor.run()).toEqual({
      AuditorLag: feedLagMs,
      ProducerGaps: 0,
      ProducersUnfinished: 0,
      BatchesUntold: 0,
    });
    expect(await auditor.verdict()).toMatchObject({ head: { seq: 5 }, status: 'finished' });
  });

  test('is a gap once it has been open for two minutes, at each run until it is filled', async () => {
    const auditor = auditorHarness();
    await auditor.store(at(0, 1, 3));
    expect(await auditor.run()).toMatchObject({ ProducerGaps: 0 });
    auditor.clock.now += graceMs;
    expect(await auditor.run()).toMatchObject({ ProducerGaps: 1 });
    expect(await auditor.run()).toMatchObject({ ProducerGaps: 1 });
    await auditor.store(at(2));
    expect(await auditor.run()).toMatchObject({ ProducerGaps: 0 });
  });

  test('is not a gap that was acknowledged, until it grows or another opens', async () => {
    const auditor = auditorHarness();
    const acknowledge = (from: number, to: number) => {
      for (const [key, row] of auditor.producers.rows) {
        const acknowledged = [{ from, to, at: auditor.clock.now, why: 'a lost host' }];
        auditor.producers.rows.set(key, { ...row, state: { ...row.state, acknowledged } });
      }
    };
    await auditor.store(at(0, 3));
    auditor.clock.now += graceMs;
    expect(await auditor.run()).toMatchObject({ ProducerGaps: 1 });
    acknowledge(1, 1);
    expect(await auditor.run()).toMatchObject({ ProducerGaps: 1 });
    acknowledge(1, 2);
    expect(await auditor.run()).toMatchObject({ ProducerGaps: 0 });
    expect((await auditor.verdict())?.gaps).toMatchObject([
      { from: 1, to: 2, acknowledged: { why: 'a lost host' } },
    ]);
    await auditor.store(at(1));
    expect(await auditor.run()).toMatchObject({ ProducerGaps: 0 });
    expect((await auditor.verdict())?.gaps).toMatchObject([{ from: 2, to: 2, acknowledged: {} }]);
    await auditor.store(at(5));
    auditor.clock.now += graceMs;
    expect(await auditor.run()).toMatchObject({ ProducerGaps: 1 });
    expect((await auditor.verdict())?.head).toMatchObject({ seq: 1 });
  });

  test('is a tenant whose row cannot be read, and what is missing of the others all the same', async () => {
    const auditor = auditorHarness();
    auditor.malformed.add('broken');
    await auditor.store(at(0, 1, 3), { tenant: 'broken' });
    await auditor.store(at(0, 1, 3));
    await auditor.run();
    auditor.clock.now += graceMs;
    expect(await auditor.run()).toMatchObject({ ProducerGaps: 1, TenantsSkipped: 1 });
    expect(auditor.logged.join('\n')).toContain('row tenant#broken');
    auditor.malformed.clear();
    await auditor.run();
    auditor.clock.now += graceMs;
    expect(await auditor.run()).toMatchObject({ ProducerGaps: 2 });
    expect(await auditor.run()).not.toHaveProperty('TenantsSkipped');
  });

  test('is a fork in the run that hears of it', async () => {
    const auditor = auditorHarness();
    await auditor.store([...life, ...chain(1, { branch: 'b', after: life[2] })]);
    expect(await auditor.run()).toMatchObject({ ProducerForks: 1 });
    expect(await auditor.run()).not.toHaveProperty('ProducerForks');
    expect(await auditor.verdict()).toMatchObject({ forks: [3] });
  });

  test('is no fork for a batch that is a second row, signed again after shards were raised', async () => {
    const auditor = auditorHarness();
    await auditor.store(life);
    await auditor.store(at(1, 2), { shard: 3 });
    expect(await auditor.run()).not.toHaveProperty('ProducerForks');
    await auditor.store(at(0, 4), { shard: 7 });
    expect(await auditor.run()).not.toHaveProperty('ProducerForks');
    expect(await auditor.verdict()).toMatchObject({ forks: [], gaps: [], head: { seq: 5 } });
  });

  test('is a batch that follows another one than was seen, long before', async () => {
    const auditor = auditorHarness();
    const own = chain(128);
    await auditor.store(own);
    await auditor.run();
    await auditor.store(chain(1, { branch: 'b', after: chain(128, { branch: 'b' })[127] }));
    expect(await auditor.run()).toMatchObject({ ProducerForks: 1 });
    expect(await auditor.verdict()).toMatchObject({ forks: [128] });
  });

  test('is a producer that fell silent without an end, for a day', async () => {
    const auditor = auditorHarness();
    await auditor.store(at(0, 1));
    expect(await auditor.run()).toMatchObject({ ProducersUnfinished: 0 });
    auditor.clock.now += 2 * 3_600_000;
    expect(await auditor.run()).toMatchObject({ ProducersUnfinished: 1 });
    auditor.clock.now += 24 * 3_600_000;
    await auditor.run();
    expect(await auditor.run()).toMatchObject({ ProducersUnfinished: 0 });
    expect(await auditor.verdict()).toMatchObject({ status: 'unfinished' });
  });

  test('is nothing that retention has taken', async () => {
    const auditor = auditorHarness();
    await auditor.store(at(0, 1, 3));
    await auditor.run();
    auditor.clock.now += 31 * 24 * 3_600_000;
    expect(await auditor.run()).toMatchObject({ ProducerGaps: 0 });
  });

  test('is kept apart by client: another client’s batches under a producer’s id do it no harm', async () => {
    const auditor = auditorHarness();
    await auditor.store(life);
    await auditor.store(chain(2, { branch: 'b' }), { client: 'other' });
    expect(await auditor.run()).not.toHaveProperty('ProducerForks');
  });
});

test('the record of a read is a whole chain, and no producer to look after; a longer one of its client is', async () => {
  const auditor = auditorHarness();
  const client = readClient;
  await auditor.store(chain(1, { fin: true }), { client });
  await auditor.run();
  expect(await auditor.verdict()).toBeUndefined();
  await auditor.store(at(0, 1, 3), { client });
  auditor.clock.now += graceMs;
  await auditor.run();
  auditor.clock.now += graceMs;
  expect(await auditor.run()).toMatchObject({ ProducerGaps: 1 });
});

describe('a run that ends anywhere', () => {
  test.each(['marks', 'state', 'checkpoint'] as const)(
    'before it writes %s, is made good by the next one',
    async (what) => {
      const auditor = auditorHarness(new MemoryProducers());
      await auditor.store([...at(0, 1, 3), ...chain(1, { branch: 'b', after: life[0] })]);
      auditor.producers.trap = (write) => {
        if (write === what) throw new Error('out of time');
      };
      await auditor.run();
      auditor.producers.trap = () => {};
      await auditor.run();
      expect(await auditor.verdict()).toMatchObject({
        gaps: [{ from: 2, to: 2 }],
        forks: [1],
        head: { seq: 1 },
      });
    },
  );
});

describe('many tenants', () => {
  /** A feed each of whose reads takes a second. */
  function slowHarness(items: Record<string, number>) {
    const auditor = auditorHarness(new MemoryProducers());
    const read = auditor.feed.feed.bind(auditor.feed);
    const reads: string[] = [];
    auditor.feed.feed = async (tenant, query) => {
      auditor.clock.now += 1000;
      reads.push(tenant);
      return read(tenant, query);
    };
    const fill = async () => {
      for (const [tenant, count] of Object.entries(items))
        for (const batch of chain(count)) await auditor.store([batch], { tenant });
    };
    return { auditor, reads, fill };
  }

  test('each get their turn, though others have much to catch up on', async () => {
    const big = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`big-${i}`, 300]));
    const { auditor, fill } = slowHarness({ ...big, small: 1 });
    await fill();
    // A minute in which the first tenant is the first.
    auditor.clock.now = Math.ceil(auditor.clock.now / 540_000) * 540_000;
    await auditor.run(30_000);
    expect(await auditor.verdict('small')).toMatchObject({ head: { seq: 0 } });
    expect((await auditor.verdict('big-0'))?.head?.seq).toBeLessThan(299);
  });

  test('what one run has no time for, the next ones do; until then the lag says so', async () => {
    const { auditor, fill } = slowHarness({ big: 2000 });
    await fill();
    const lags: (number | undefined)[] = [];
    for (let i = 0; i < 6; i++) lags.push((await auditor.run(15_000))['AuditorLag']);
    expect(lags[0]).toBeGreaterThan(feedLagMs + 5000);
    expect(lags.at(-1)).toBeLessThan(feedLagMs + 5000);
    expect(await auditor.verdict('big')).toMatchObject({ head: { seq: 1999 } });
  });

  test('a run begins with another one each minute', async () => {
    const { auditor, reads, fill } = slowHarness({ a: 1, b: 1, c: 1 });
    await fill();
    const first = new Set<string | undefined>();
    for (let i = 0; i < 3; i++) {
      auditor.producers.places.clear();
      auditor.clock.now = Math.ceil(auditor.clock.now / 60_000) * 60_000 + 1;
      reads.length = 0;
      await auditor.run();
      first.add(reads[0]);
    }
    expect(first).toEqual(new Set(['a', 'b', 'c']));
  });

  test('do not suffer for one whose feed cannot be read', async () => {
    const { auditor, fill } = slowHarness({ bad: 1, good: 1 });
    await fill();
    const read = auditor.feed.feed;
    auditor.feed.feed = async (tenant, query) => {
      if (tenant === 'bad') throw new Error('throttled');
      return read(tenant, query);
    };
    await auditor.run();
    expect(await auditor.verdict('good')).toMatchObject({ head: { seq: 0 } });
    expect(auditor.logged.some((line) => /"error".*"bad"/.test(line))).toBe(true);
  });
});

test('half a look at the producers says what it found, but never that there is nothing', async () => {
  const auditor = auditorHarness(new MemoryProducers());
  await auditor.store(at(0, 1));
  const { watched } = auditor.producers;
  auditor.producers.watched = async function* () {
    yield* watched.call(this);
    auditor.clock.now += 3_600_000;
    yield [];
  };
  expect(await auditor.run()).not.toHaveProperty('ProducerGaps');
  await auditor.store(at(3));
  await auditor.run();
  auditor.clock.now += graceMs;
  auditor.producers.watched = async function* () {
    yield* watched.call(this);
    auditor.clock.now += 3_600_000;
    yield [];
  };
  expect(await auditor.run()).toMatchObject({ ProducerGaps: 1 });
});

test('a producer’s row of another form is named and counted, and all others are followed', async () => {
  const auditor = auditorHarness();
  auditor.producers.spoilt.add('acme/producer#spoilt#018bcfe5-6800-7000-8000-000000000001');
  await auditor.store(at(0, 2), { client: 'spoilt' });
  await auditor.store(at(0, 2));
  auditor.clock.now += graceMs;
  expect(await auditor.run()).toMatchObject({ RowsSkipped: 1, ProducerGaps: 1 });
  expect(auditor.logged.join()).toContain('acme/producer#spoilt#');
  expect(await auditor.run()).not.toHaveProperty('RowsSkipped');
});

test('an item of the feed that cannot be read is named and counted, and what is behind it is followed', async () => {
  const auditor = auditorHarness();
  await auditor.store(at(0));
  const feed = auditor.feed.feed.bind(auditor.feed);
  auditor.feed.feed = async (...asked) => {
    const page = await feed(...asked);
    const items = page.items.map((item, i) =>
      i === 0 ? { ...item, entries: [], isBroken: true as const } : item,
    );
    return { ...page, items };
  };
  await auditor.store(at(1));
  expect(await auditor.run()).toMatchObject({ RowsSkipped: 1 });
  expect((await auditor.verdict())?.gaps).toMatchObject([{ from: 0, to: 0 }]);
});
