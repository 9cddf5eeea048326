import { describe, expect, test } from 'vitest';
import { compareStored } from '../../src/auditor/compare-stored.ts';
import { toTime } from '../../src/domain/encoding.ts';
import { markOf, type SeenBatch } from '../../src/domain/producer.ts';
import { createLog } from '../../src/lambda/log.ts';
import { readClient } from '../../src/lambda/read-grant.ts';
import type { StoredBatch } from '../../src/store/batch-store.ts';
import { aProducer, chain } from '../fixture/producer-life.ts';
import { anyBatch } from '../fixture/stored-batch.ts';
import { auditorHarness } from './harness.ts';

const minute = 60_000;
const dayMs = 86_400_000;
const life = chain(4, { fin: true });

/** An auditor, and a store with rows of which the feed tells or not. */
function setUp() {
  const auditor = auditorHarness();
  const insert = async (batches: readonly SeenBatch[], over: Partial<StoredBatch> = {}) => {
    auditor.tenants.add('acme');
    const rows = batches.map(({ seq, id, prev, fin, stored }) =>
      anyBatch({
        client: 'billing',
        producer: aProducer,
        to: toTime(stored),
        arrival: stored,
        expires: Math.floor((stored + 30 * dayMs) / 1000),
        ...{ seq, id, prev, fin },
        ...over,
      }),
    );
    await auditor.feed.insert(rows);
    return rows;
  };
  /** Runs once a minute for so long, with what else is stored meanwhile told of; gives the last run's counts. */
  const wait = async (minutes: number) => {
    let counts: Record<string, number> = {};
    for (let i = 0; i < minutes; i++) {
      counts = await auditor.run();
      auditor.clock.now += minute;
    }
    return counts;
  };
  const untold = () => auditor.producers.untold('acme');
  return { auditor, insert, wait, untold };
}

describe('what is stored', () => {
  test('and was told of by the feed is no finding, though it is found first', async () => {
    const { auditor, insert, wait, untold } = setUp();
    await insert(life);
    await wait(20);
    await auditor.store(life);
    expect(await wait(3)).toMatchObject({ BatchesUntold: 0, ProducerGaps: 0 });
    expect(await untold()).toEqual([]);
  });

  test('and was not told of is counted once followers have gone past it, a producer’s last batch too, until it is told', async () => {
    const { auditor, insert, wait, untold } = setUp();
    await auditor.store(life.slice(0, 3));
    const rows = await insert(life);
    expect(await wait(10)).toMatchObject({ BatchesUntold: 0 });
    expect(await wait(25)).toMatchObject({ BatchesUntold: 1, ProducerGaps: 0 });
    const last = rows[3];
    expect(await untold()).toMatchObject([{ seq: 3, key: `${last?.to}#${last?.id}`, shard: 0 }]);
    await auditor.store(life.slice(3));
    expect(await wait(2)).toMatchObject({ BatchesUntold: 0 });
    expect(await untold()).toEqual([]);
  });

  test('under a number that another batch has is found, unless that is known for a fork', async () => {
    const { auditor, insert, wait } = setUp();
    await auditor.store(life);
    await insert(life);
    const [, , , other] = chain(4, { branch: 'b' });
    if (other === undefined) throw new Error('no batch');
    await insert([other]);
    expect(await wait(35)).toMatchObject({ BatchesUntold: 1 });
    await auditor.store([other]);
    expect(await wait(2)).toMatchObject({ BatchesUntold: 0 });
  });

  test('long ago, on any day and shard, is found too', async () => {
    const { auditor, insert, wait, untold } = setUp();
    auditor.clock.now += 20 * dayMs;
    await insert(life.slice(0, 1), { shard: 3 });
    await insert(life.slice(1, 2), { to: toTime(auditor.clock.now - 10 * dayMs) });
    expect(await wait(25)).toMatchObject({ BatchesUntold: 2 });
    expect((await untold()).map(({ seq, shard }) => [seq, shard]).sort()).toEqual([
      [0, 3],
      [1, 0],
    ]);
  });

  test.each([
    ['in the future', 10 * dayMs],
    ['never', Number.NaN],
  ])('is found whenever its row says that it arrived: %s', async (_, ahead) => {
    const { auditor, insert, wait } = setUp();
    await insert(life.slice(0, 1), { arrival: auditor.clock.now + ahead });
    expect(await wait(15)).toMatchObject({ BatchesUntold: 1 });
  });

  test('is shown as long as it is kept, and counted for a day', async () => {
    const { auditor, insert, wait, untold } = setUp();
    await insert(life.slice(0, 1));
    expect(await wait(35)).toMatchObject({ BatchesUntold: 1 });
    auditor.clock.now += 26 * 60 * minute;
    expect(await wait(2)).toMatchObject({ BatchesUntold: 0 });
    expect(await untold()).toHaveLength(1);
    auditor.clock.now += 30 * dayMs;
    await wait(1);
    expect(await untold()).toEqual([]);
  });

  test('is not looked for among the records of reads, which the auditor passes over', async () => {
    const { insert, wait } = setUp();
    await insert(life.slice(0, 1), { client: readClient });
    expect(await wait(35)).toMatchObject({ BatchesUntold: 0 });
  });

  test('by a row that ends before its retention, or of another form, is an integrity error at once', async () => {
    for (const over of [
      { expires: 1000 },
      { expires: Math.floor((life[0]?.stored ?? 0) / 1000) + 29 * 86_400 },
      { to: '2023-11-14Tgarbage' },
      { seq: Number.NaN },
    ]) {
      const { auditor, insert } = setUp();
      await insert(life.slice(0, 1), over);
      expect((await auditor.run())['IntegrityErrors']).toBeGreaterThan(0);
    }
    const { auditor, insert } = setUp();
    await insert(life);
    expect((await auditor.run())['IntegrityErrors']).toBeUndefined();
  });
});

test('the work of a run is bounded, and the next ones go on where it stood, through any number of rows', async () => {
  const { auditor, insert, untold } = setUp();
  const { clock, feed, producers } = auditor;
  const many = Array.from({ length: 1500 }, (_, seq) => ({
    ...{ seq, prev: null, fin: false, stored: clock.now - dayMs },
    id: anyBatch().id,
  }));
  await insert(many.slice(0, 750));
  await insert(many.slice(750), { shard: 1 });
  // All but the last in the order of keys are told of, by their marks alone.
  const hidden = many.slice(750).reduce((last, each) => (each.id > last.id ? each : last));
  const marks = new Map(
    many.flatMap((each) => (each === hidden ? [] : [[each.seq, markOf(each.id)]])),
  );
  for (let page = 0; page < 12; page++) {
    const key = { client: 'billing', producer: aProducer };
    await producers.saveMarks('acme', key, page, { marks, versions: new Map() });
  }
  let runs = 0;
  while ((await untold()).length === 0 && runs < 20) {
    feed.queries = 0;
    await compareStored({
      tenants: [{ id: 'acme', retentionDays: 30 }],
      reader: feed,
      producers,
      upTo: new Map([['acme', clock.now]]),
      log: createLog('test', () => {}),
      now: () => clock.now,
      deadline: Number.POSITIVE_INFINITY,
      maxQueries: 4,
    });
    expect(feed.queries).toBeLessThanOrEqual(4);
    runs++;
  }
  expect((await untold()).map(({ seq }) => seq)).toEqual([hidden.seq]);
  expect(runs).toBeGreaterThan(2);
});
