import { expect, test } from 'vitest';
import { sha256 } from '../../src/domain/encoding.ts';
import { event, line } from '../fixture/events.ts';
import { consumerHarness, now, poisoned, sealed } from './harness.ts';

/** Batches that a tenant's feed tells of. */
async function feedOf({ store }: ReturnType<typeof consumerHarness>, tenant: string) {
  const day = { day: '2026-03-01', shard: 0, after: '', before: '9', limit: 100 };
  return (await store.feed(tenant, day)).items.flatMap(({ entries }) => entries).length;
}

const fail = () => {
  throw new Error('down');
};

test('batches go to the calendar, then to the table, then to the feed', async () => {
  const consumer = consumerHarness();
  const who = consumer.client();
  expect(await consumer.run([sealed(who), sealed(who), sealed(who)])).toEqual([]);
  expect(consumer.calls).toEqual(['grants', 'noteDays', 'insert', 'appendFeed']);
  expect(consumer.store.size).toBe(3);
});

test('an empty invocation, or one of nothing but poison, touches no store', async () => {
  const consumer = consumerHarness();
  expect(await consumer.run([])).toEqual([]);
  expect(await consumer.run([poisoned(), poisoned()])).toEqual([]);
  expect(consumer.calls).toEqual(['quarantine']);
});

test('poison is quarantined, raw, an object each, and the shard goes on', async () => {
  const consumer = consumerHarness();
  const who = consumer.client();
  const stranger = sealed({ ...who, grantId: 'A'.repeat(43) });
  const sent = [poisoned('a'), sealed(who), stranger, poisoned('b'), sealed(who)];
  expect(await consumer.run(sent)).toEqual([]);
  expect([...consumer.objects.quarantine.keys()]).toEqual(
    [sent[0], sent[2], sent[3]].map(
      (each) => `nobody/2026/03/01/${sha256(each?.data ?? '').toString('hex')}.ndjson`,
    ),
  );
  const aside = consumer.aside('quarantine');
  expect(aside.map(({ code, sequenceNumber }) => [code, sequenceNumber])).toEqual([
    ['record-malformed', '100'],
    ['grant-unknown', '102'],
    ['record-malformed', '103'],
  ]);
  expect(aside.map(({ record }) => Buffer.from(record ?? '', 'base64'))).toEqual(
    [sent[0], sent[2], sent[3]].map((record) => record?.data),
  );
  expect(aside[1]).toMatchObject({
    arrival: '2026-03-01T12:00:00.200Z',
    shard: 'shardId-000000000003',
    partitionKey: 'key 2',
  });
  expect(consumer.store.size).toBe(2);
  expect(consumer.metrics()).toEqual([
    'Quarantined record-malformed=2',
    'Quarantined grant-unknown=1',
  ]);
});

test('the same invocation again writes the same object again', async () => {
  const consumer = consumerHarness();
  const sent = [poisoned('a'), poisoned('b')];
  await consumer.run(sent);
  const first = new Map(consumer.objects.quarantine);
  await consumer.run(sent);
  expect(consumer.objects.quarantine).toEqual(first);
  expect(first.size).toBe(2);
});

test('a tenant is named in the quarantine only when signature and root were seen to hold', async () => {
  const consumer = consumerHarness();
  const who = consumer.client();
  const revoked = consumer.client({ revokedAt: now });
  const late = sealed(who, { arrival: now - 3_600_000 }); // its events are an hour ahead
  await consumer.run([
    late,
    sealed({ ...who, key: revoked.key }),
    sealed(revoked),
    sealed({ ...who, client: 'somebody' }),
  ]);
  expect(consumer.aside('quarantine').map(({ code, tenant }) => [code, tenant])).toEqual([
    ['clock-ahead', 'acme'],
    ['signature-invalid', undefined],
    ['grant-revoked', 'acme'],
    ['client-mismatch', 'acme'],
  ]);
});

test('the first record that is not done is answered, and only poison before it is quarantined', async () => {
  let isDown = true;
  const consumer = consumerHarness({
    insert: ({ seq }) => (isDown && seq === 5 ? 'failed' : 'stored'),
  });
  const who = consumer.client();
  const sent = [
    poisoned('a'),
    sealed(who),
    sealed(who, { seq: 5 }),
    poisoned('b'),
    sealed(who, { seq: 6 }),
  ];
  expect(await consumer.run(sent)).toEqual([2]);
  expect(consumer.aside('quarantine')).toHaveLength(1);
  expect(consumer.store.size).toBe(2); // also the one behind it
  isDown = false;
  expect(await consumer.run(sent.slice(2))).toEqual([]);
  expect(consumer.store.size).toBe(3);
});

test.each([
  ['the calendar', { noteDays: fail }],
  ['the table', { insert: fail }],
  ['the feed', { appendFeed: fail }],
])('while %s is down, no batch counts as done; afterwards all are stored', async (_, fates) => {
  const consumer = consumerHarness(fates);
  const who = consumer.client();
  const sent = [poisoned(), sealed(who), sealed(who)];
  expect(await consumer.run(sent)).toEqual([1]);
  expect(consumer.aside('quarantine')).toHaveLength(1);
  for (const name of Object.keys(fates)) delete (fates as Record<string, unknown>)[name];
  expect(await consumer.run(sent.slice(1))).toEqual([]);
  expect(consumer.store.size).toBe(2);
});

test('when grants cannot be looked up nothing is done: not even what is surely poison', async () => {
  const consumer = consumerHarness({ grants: fail });
  const who = consumer.client();
  expect(await consumer.run([poisoned(), sealed(who)])).toEqual([0]);
  expect(consumer.calls).toEqual(['grants']);
});

test('a record that cannot be quarantined is not done', async () => {
  const consumer = consumerHarness({ quarantine: (call) => call === 1 && fail() });
  const who = consumer.client();
  const sent = [sealed(who), poisoned(), sealed(who)];
  expect(await consumer.run(sent)).toEqual([1]);
  expect(consumer.metrics()).toEqual([]); // not counted until it is done
  expect(await consumer.run(sent.slice(1))).toEqual([]);
  expect(consumer.metrics()).toEqual(['Quarantined record-malformed=1']);
});

test('a throttled tenant’s records are put aside for later, its neighbours are stored', async () => {
  const consumer = consumerHarness({
    insert: ({ tenant }) => (tenant === 'busy' ? 'throttled' : 'stored'),
  });
  const [who, busy] = [consumer.client(), consumer.client({ tenant: 'busy' })];
  const sent = [sealed(busy), sealed(who), sealed(busy), sealed(who)];
  expect(await consumer.run(sent)).toEqual([]);
  expect(consumer.store.size).toBe(2);
  expect(consumer.aside('redrive')).toMatchObject([
    { code: 'throttled', tenant: 'busy', record: sent[0]?.data.toString('base64') },
    { code: 'throttled', tenant: 'busy', record: sent[2]?.data.toString('base64') },
  ]);
  expect(consumer.metrics()).toEqual(['Throttled throttled=2']);
});

test.each([
  ['calendar', 'noted', 1],
  ['feed', 'told', 2],
] as const)(
  'a tenant throttled at its %s is put aside as well, and stored by a redrive',
  async (_, step, rows) => {
    let isBusy = true;
    const fate = ({ tenant }: { tenant: string }) =>
      isBusy && tenant === 'busy' ? ('throttled' as const) : ('stored' as const);
    const consumer = consumerHarness({ [step]: fate });
    const [who, busy] = [consumer.client(), consumer.client({ tenant: 'busy' })];
    const sent = [sealed(busy), sealed(who)];
    expect(await consumer.run(sent)).toEqual([]);
    expect(consumer.store.size).toBe(rows);
    expect(await feedOf(consumer, 'acme')).toBe(1);
    expect(await feedOf(consumer, 'busy')).toBe(0);
    expect(consumer.aside('redrive')).toMatchObject([{ code: 'throttled', tenant: 'busy' }]);
    isBusy = false;
    expect(await consumer.run(sent.slice(0, 1))).toEqual([]);
    expect(consumer.store.size).toBe(2);
    expect(await feedOf(consumer, 'busy')).toBe(1);
  },
);

test('a tenant whose calendar fails is undone, and its neighbours are stored', async () => {
  const consumer = consumerHarness({
    noted: ({ tenant }) => (tenant === 'broken' ? 'failed' : 'stored'),
  });
  const [who, broken] = [consumer.client(), consumer.client({ tenant: 'broken' })];
  expect(await consumer.run([sealed(who), sealed(broken), sealed(who)])).toEqual([1]);
  expect(consumer.store.size).toBe(2);
  expect(consumer.aside('redrive')).toEqual([]);
});

test('a throttled record that cannot be put aside is not done', async () => {
  const consumer = consumerHarness({ insert: () => 'throttled', redrive: fail });
  expect(await consumer.run([poisoned(), sealed(consumer.client())])).toEqual([1]);
  expect(consumer.aside('quarantine')).toHaveLength(1);
});

test('a throttled record before poison that cannot be quarantined is put aside all the same', async () => {
  const consumer = consumerHarness({ insert: () => 'throttled', quarantine: fail });
  expect(await consumer.run([sealed(consumer.client()), poisoned()])).toEqual([1]);
  expect(consumer.aside('redrive')).toHaveLength(1);
});

test('twins in one invocation are one row, and their neighbours are unharmed', async () => {
  const consumer = consumerHarness();
  const who = consumer.client();
  const twin = sealed(who);
  expect(await consumer.run([twin, sealed(who), twin])).toEqual([]);
  expect(consumer.store.size).toBe(2);
  expect(consumer.metrics()).toEqual([]); // a twin is no fork
});

test('two batches with one number are both stored: the fork is for the auditor to see', async () => {
  const consumer = consumerHarness();
  const who = consumer.client();
  await consumer.run([sealed(who)]);
  await consumer.run([sealed(who, { seq: 0 }), sealed(consumer.client())]);
  expect(consumer.store.size).toBe(3);
  expect(consumer.metrics()).toEqual([]);
});

test('an unknown version is quarantined and has an alarm of its own', async () => {
  const consumer = consumerHarness();
  const who = consumer.client();
  const { data, arrival } = sealed(who);
  const [head = '', , tag = ''] = data.toString('latin1', 0, data.indexOf(10)).split('.');
  const future = Buffer.from('{"v":2}').toString('base64url');
  await consumer.run([{ data: Buffer.from(`${head}.${future}.${tag}\n`), arrival }]);
  expect(consumer.metrics()).toEqual(['Quarantined version-unknown=1', 'UnknownVersion -=1']);
});

test('nothing that is secret or an event’s content is logged', async () => {
  const consumer = consumerHarness({ quarantine: fail });
  const who = consumer.client();
  const secret = line(event(now, { reason: 'a-secret-of-the-customer' }));
  const good = sealed(who, { lines: [secret], enc: 'identity' });
  const broken = Buffer.from(good.data);
  broken[broken.length - 5] = (broken[broken.length - 5] ?? 0) ^ 1;
  await consumer.run([good, { ...good, data: broken }, poisoned('another-secret')]);
  const text = consumer.logged.join('\n');
  expect(text).toContain('could not be put aside');
  const compact = good.data.toString('latin1', 0, good.data.indexOf(10));
  for (const never of ['secret', ...compact.split('.'), good.data.toString('base64').slice(0, 40)])
    expect(text).not.toContain(never);
});
