import { describe, expect, test } from 'vitest';
import { event, line } from '../fixture/events.ts';
import { consumerHarness, now, poisoned, sealed } from './harness.ts';

const quota = { bytes: 100_000, faults: 10 };
const generous = 1e15;
const fail = () => {
  throw new Error('down');
};

/** Lines of which one is no event. */
const faulty = () => [line(event(now)), Buffer.from(`{"id":"${event(now).id}","unheard of":1}`)];

/** Records of one grant that are over the quota of bytes together: some 700 bytes each. */
const flood = (who: Parameters<typeof sealed>[0]) => Array.from({ length: 200 }, () => sealed(who));

describe('a grant', () => {
  test('that sends less than a 400th of its quota costs no call', async () => {
    const consumer = consumerHarness({}, { bytes: 400 * 10_000, faults: 400 });
    const who = consumer.client();
    for (let i = 0; i < 3; i++) await consumer.run([sealed(who), sealed(who)]);
    expect(consumer.calls).not.toContain('note');
    expect(consumer.calls).not.toContain('sum');
  });

  test('within its quota is told of, and goes on', async () => {
    const consumer = consumerHarness({}, quota);
    const who = consumer.client();
    const sent = [sealed(who), sealed(who), sealed(who)];
    await consumer.run(sent.slice(0, 2));
    await consumer.run(sent.slice(2));
    const [a = 0, b = 0, c = 0] = sent.map(({ data }) => data.length);
    expect([...(consumer.tallied.get(who.grantId)?.values() ?? [])]).toEqual([
      { bytes: a + b, faults: 0 },
      { bytes: c, faults: 0 },
    ]);
    expect(consumer.revoked.size).toBe(0);
  });

  test('far over its quota of bytes is revoked, is counted once, and its neighbour is not', async () => {
    const consumer = consumerHarness({}, quota);
    const [who, neighbour] = [consumer.client(), consumer.client({ tenant: 'globex' })];
    await consumer.run([...flood(who), sealed(neighbour)]);
    await consumer.run(flood(who));
    expect(consumer.revoked).toEqual(new Map([[who.grantId, 'over-quota']]));
    expect(consumer.metrics()).toEqual(['GrantsRevoked -=1']);
    expect(consumer.store.size).toBe(401);
  });

  test('is revoked for faults: lines that are no events, and records that can never be accepted', async () => {
    const consumer = consumerHarness({}, { ...quota, bytes: generous });
    const who = consumer.client();
    const early = { arrival: now - 3_600_000 };
    const five = (make: () => ReturnType<typeof sealed>) => Array.from({ length: 5 }, make);
    await consumer.run([
      ...five(() => sealed(who, { lines: faulty() })),
      ...five(() => sealed(who, early)),
    ]);
    expect(consumer.revoked.size).toBe(0);
    await consumer.run([sealed(who, early)]);
    expect(consumer.revoked.get(who.grantId)).toBe('over-quota');
  });

  test('is not held to what others send in its name', async () => {
    const consumer = consumerHarness({}, quota);
    const [who, forger] = [consumer.client(), consumer.client({ tenant: 'globex' })];
    const forged = flood({ ...who, key: forger.key });
    await consumer.run([...forged, poisoned()]);
    expect(
      consumer.aside('quarantine').filter(({ code }) => code === 'signature-invalid'),
    ).toHaveLength(200);
    expect(consumer.tallied.size).toBe(0);
    expect(consumer.revoked.size).toBe(0);
  });

  test('is revoked by what several containers have seen of it', async () => {
    const tallied = new Map();
    const one = consumerHarness({}, quota, tallied);
    const who = one.client();
    const half = flood(who).slice(0, 100);
    await one.run(half);
    expect(one.revoked.size).toBe(0);
    const total = () =>
      [...tallied.get(who.grantId).values()].reduce((sum, { bytes }) => sum + bytes, 0);
    const another = consumerHarness({}, { ...quota, bytes: total() }, tallied);
    another.adopt(who);
    await another.run([sealed(who)]);
    // Under the same name the tally of the other container would be lost.
    expect(another.revoked.get(who.grantId)).toBe('over-quota');
  });
});

describe('what comes again', () => {
  test('is counted once: records behind one that is not done', async () => {
    let isDown = true;
    const consumer = consumerHarness(
      { insert: ({ seq }) => (isDown && seq === 1000 ? 'failed' : 'stored') },
      quota,
    );
    const who = consumer.client();
    const behind = sealed(who);
    const [first, stuck] = [sealed(who, { seq: 999 }), sealed(who, { seq: 1000 })];
    for (let i = 0; i < 50; i++) await consumer.run([stuck, behind]);
    expect(consumer.tallied.size).toBe(0);
    isDown = false;
    await consumer.run([first, stuck, behind]);
    const [tally] = consumer.tallied.get(who.grantId)?.values() ?? [];
    expect(tally?.bytes).toBe(first.data.length + stuck.data.length + behind.data.length);
  });
});

describe('records are stored all the same when', () => {
  test.each(['note', 'sum', 'revoke'] as const)('%s fails', async (step) => {
    const fates = { [step]: fail };
    const consumer = consumerHarness(fates, quota);
    const who = consumer.client();
    expect(await consumer.run(flood(who))).toEqual([]);
    expect(consumer.store.size).toBe(200);
    expect(consumer.metrics()).toEqual(['TalliesFailed -=1']);
    expect(consumer.revoked.size).toBe(0);
    delete fates[step];
    await consumer.run([sealed(who)]);
    expect(consumer.revoked.size).toBe(1);
  });
});
