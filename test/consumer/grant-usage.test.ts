import { randomBytes } from 'node:crypto';
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
    expect(consumer.stopped.size).toBe(0);
  });

  test('far over its quota of bytes is stopped, once, and its neighbour is not', async () => {
    const consumer = consumerHarness({}, quota);
    const [who, neighbour] = [consumer.client(), consumer.client({ tenant: 'globex' })];
    await consumer.run([...flood(who), sealed(neighbour)]);
    await consumer.run(flood(who));
    expect(consumer.stopped).toEqual(new Map([[who.grantId, 'over-quota']]));
    expect(consumer.metrics()).toEqual(['GrantsStopped -=1']);
    expect(consumer.store.size).toBe(401);
  });

  test('is stopped for faults: lines that are no events, and records that can never be accepted', async () => {
    const consumer = consumerHarness({}, { ...quota, bytes: generous });
    const who = consumer.client();
    const early = { arrival: now - 3_600_000 };
    const five = (make: () => ReturnType<typeof sealed>) => Array.from({ length: 5 }, make);
    await consumer.run([
      ...five(() => sealed(who, { lines: faulty() })),
      ...five(() => sealed(who, early)),
    ]);
    expect(consumer.stopped.size).toBe(0);
    await consumer.run([sealed(who, early)]);
    expect(consumer.stopped.get(who.grantId)).toBe('over-quota');
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
    expect(consumer.stopped.size).toBe(0);
  });

  test('is stopped by what several containers have seen of it', async () => {
    const tallied = new Map();
    const one = consumerHarness({}, quota, tallied);
    const who = one.client();
    const half = flood(who).slice(0, 100);
    await one.run(half);
    expect(one.stopped.size).toBe(0);
    const total = () =>
      [...tallied.get(who.grantId).values()].reduce((sum, { bytes }) => sum + bytes, 0);
    const another = consumerHarness({}, { ...quota, bytes: total() }, tallied);
    another.adopt(who);
    await another.run([sealed(who)]);
    // Under the same name the tally of the other container would be lost.
    expect(another.stopped.get(who.grantId)).toBe('over-quota');
  });
});

describe('what comes again', () => {
  const bytesOf = (...sent: { data: Buffer }[]) =>
    sent.reduce((sum, { data }) => sum + data.length, 0);
  const tallyOf = ({ tallied }: ReturnType<typeof consumerHarness>, grantId: string) => {
    const all = [...(tallied.get(grantId)?.values() ?? [])];
    return {
      bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
      faults: all.reduce((sum, { faults }) => sum + faults, 0),
    };
  };

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
    expect(tallyOf(consumer, who.grantId).bytes).toBe(bytesOf(behind));
    isDown = false;
    await consumer.run([first, stuck, behind]);
    expect(tallyOf(consumer, who.grantId).bytes).toBe(bytesOf(first, stuck, behind));
  });

  test('counts once, in one invocation, in others and in other containers: a batch with faulty lines', async () => {
    const tallied = new Map();
    const one = consumerHarness({}, quota, tallied);
    const who = one.client();
    const genuine = sealed(who, { lines: faulty() });
    for (let i = 0; i < 20; i++) await one.run([genuine, genuine]);
    const another = consumerHarness({ insert: () => 'present' }, quota, tallied);
    another.adopt(who);
    await another.run(Array.from({ length: 20 }, () => genuine));
    expect(tallyOf(one, who.grantId)).toEqual({ bytes: bytesOf(genuine), faults: 1 });
    expect([one.stopped.size, another.stopped.size]).toEqual([0, 0]);
  });

  test('counts once: a record that is quarantined as its signer’s, however its body is packed again', async () => {
    const consumer = consumerHarness({}, quota);
    const who = consumer.client();
    const early = sealed(who, { enc: 'identity', arrival: now - 3_600_000 });
    for (let i = 0; i < 20; i++) await consumer.run([early, early]);
    expect(consumer.aside('quarantine')).toMatchObject([{ code: 'clock-ahead', tenant: 'acme' }]);
    expect(tallyOf(consumer, who.grantId)).toEqual({ bytes: bytesOf(early), faults: 1 });
    expect(consumer.stopped.size).toBe(0);
  });

  test('is not counted past the midnight of its grant: the quarantine keeps one of a kind a day', async () => {
    const consumer = consumerHarness({}, quota);
    const who = consumer.client({ iat: now / 1000 - 86_400 });
    await consumer.run([sealed(who, { arrival: now - 3_600_000 })]);
    expect(consumer.aside('quarantine')).toHaveLength(1);
    expect(consumer.tallied.size).toBe(0);
  });

  test.each([
    ['revoked', { revokedAt: now }],
    ['stopped', { stoppedAt: now }],
    ['over', { exp: now / 1000 - 3600 }],
  ])('is not counted once the grant is %s', async (_, over) => {
    const consumer = consumerHarness({}, quota);
    const who = consumer.client(over);
    await consumer.run(Array.from({ length: 20 }, () => sealed(who)));
    expect(consumer.aside('quarantine')).toHaveLength(20);
    expect(consumer.tallied.size).toBe(0);
  });
});

/** What anybody can make of a manifest that was handed out in a proof. */
const withBody = ({ data, arrival }: ReturnType<typeof sealed>, body: Buffer) => ({
  data: Buffer.concat([data.subarray(0, data.indexOf(10) + 1), body]),
  arrival,
});

describe('a manifest with a body that was not signed', () => {
  test('is nobody’s, stops nothing and is no tenant’s to see, while the signer’s own go on', async () => {
    const consumer = consumerHarness({}, quota);
    const victim = consumer.client();
    const genuine = sealed(victim, { enc: 'identity' });
    const { length } = genuine.data.subarray(genuine.data.indexOf(10) + 1);
    await consumer.run([genuine]);
    const before = consumer.tallied.size;
    for (let i = 0; i < 3; i++)
      await consumer.run(Array.from({ length: 100 }, () => withBody(genuine, randomBytes(length))));
    const aside = consumer.aside('quarantine');
    expect(aside).toHaveLength(300);
    expect(aside.filter(({ tenant }) => tenant !== undefined)).toEqual([]);
    expect(
      [...consumer.objects.quarantine.keys()].filter((key) => !key.startsWith('nobody/')),
    ).toEqual([]);
    expect(consumer.tallied.size).toBe(before);
    expect(consumer.stopped.size).toBe(0);
    expect(await consumer.run([sealed(victim)])).toEqual([]);
    expect(consumer.store.size).toBe(2);
  });

  test.each<[string, string, Parameters<typeof sealed>[1], object]>([
    ['client-mismatch', 'acme', {}, { sub: 'somebody' }],
    ['grant-expired', 'acme', {}, { exp: now / 1000 - 3600 }],
    ['clock-ahead', 'acme', { arrival: now - 3_600_000 }, {}],
    ['too-old', 'acme', { arrival: now + 40 * 86_400_000 }, { retentionDays: 30 }],
    ['grant-revoked', 'acme', {}, { revokedAt: now }],
    ['grant-stopped', 'acme', {}, { stoppedAt: now }],
  ])(
    'keeps the code %s, and is nobody’s; the genuine one is its signer’s',
    async (code, tenant, over, grant) => {
      const consumer = consumerHarness({}, quota);
      const who = consumer.client(grant);
      const genuine = sealed(who, { enc: 'identity', ...over });
      const body = Buffer.from(genuine.data.subarray(genuine.data.indexOf(10) + 1));
      body[body.length - 5] = (body[body.length - 5] ?? 0) ^ 1;
      await consumer.run([withBody(genuine, body), genuine]);
      expect(consumer.aside('quarantine').map((each) => [each['code'], each['tenant']])).toEqual([
        [code, undefined],
        [code, tenant],
      ]);
    },
  );
});

describe('records are stored all the same when', () => {
  test.each(['note', 'sum', 'stop'] as const)('%s fails', async (step) => {
    const fates = { [step]: fail };
    const consumer = consumerHarness(fates, quota);
    const who = consumer.client();
    expect(await consumer.run(flood(who))).toEqual([]);
    expect(consumer.store.size).toBe(200);
    expect(consumer.metrics()).toEqual(['TalliesFailed -=1']);
    expect(consumer.stopped.size).toBe(0);
    delete fates[step];
    await consumer.run([sealed(who)]);
    expect(consumer.stopped.size).toBe(1);
  });
});
