import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { event, line, lines } from '../fixture/events.ts';
import { type Operator, operatorOf } from '../fixture/operator.ts';
import { openPipeline, type Pipeline, until, withoutWindow } from '../fixture/pipeline.ts';
import { put, sealed, type Tenant, type Vended, vend } from '../fixture/vended.ts';

const quota = { bytes: 256 * 1024, faults: 20 };
let pipeline: Pipeline;
let operator: Operator;

beforeAll(async () => {
  pipeline = await openPipeline(withoutWindow, { grantQuota: JSON.stringify(quota) });
  operator = operatorOf(pipeline.deployment, { inside: true });
});
afterAll(async () => {
  await operator?.close();
  await pipeline?.close();
});

/** A record that is over a third of the quota, whatever it is packed with. */
function large(vended: Vended): Buffer {
  const noise = Array.from({ length: 40 }, () => {
    const text = Buffer.from(crypto.getRandomValues(new Uint8Array(2500))).toString('base64');
    return line({ ...event(Date.now()), metadata: { noise: text } });
  });
  return sealed(vended, noise);
}

async function members(...names: string[]): Promise<{ tenant: Tenant; vended: Vended }[]> {
  return Promise.all(
    names.map(async (name) => {
      const tenant = await pipeline.tenant(name);
      return { tenant, vended: await vend(pipeline.url, tenant) };
    }),
  );
}

const told = (metric: string) => pipeline.printed.filter((text) => text.includes(metric)).length;
const stateOf = async ({ apiKey }: Tenant, { grantId }: Vended) => {
  const headers = { authorization: `Bearer ${apiKey}` };
  return (await fetch(`${pipeline.url}/v1/grants/${grantId}`, { headers })).json();
};
const quarantineOf = async ({ apiKey }: Tenant) => {
  const headers = { authorization: `Bearer ${apiKey}` };
  const answer = await fetch(`${pipeline.url}/v1/quarantine?limit=1000`, { headers });
  return ((await answer.json()) as { records: { code: string }[] }).records;
};

test('a proof’s manifest with garbage, and a batch with faulty lines sent again, stop nobody’s grant', async () => {
  const [victim, evil] = await members('victim', 'evil');
  if (!victim || !evil) throw new Error('no tenants');
  const genuine = sealed(victim.vended, lines(Date.now(), 3));
  const faulty = sealed(
    victim.vended,
    Array.from({ length: 12 }, () => line({ id: event(Date.now()).id, oops: 1 })),
  );
  await put(victim.vended, [genuine, faulty]);
  await pipeline.drained();

  const head = genuine.subarray(0, genuine.indexOf(10) + 1);
  const garbage = Array.from({ length: 24 }, () =>
    Buffer.concat([head, randomBytes(genuine.length - head.length)]),
  );
  for (let i = 0; i < garbage.length; i += 12)
    await put(evil.vended, [...garbage.slice(i, i + 12), faulty, faulty]);
  await pipeline.drained();
  // Were any of it the victim's, it would be over its quota of faults: 12 are its own, 24 are garbage, 48 are copies.
  expect(await pipeline.quarantined()).toHaveLength(24);
  expect(told('"GrantsStopped":1')).toBe(0);
  expect(await stateOf(victim.tenant, victim.vended)).toEqual({ state: 'live' });
  expect(await quarantineOf(victim.tenant)).toEqual([]);
  expect(await quarantineOf(evil.tenant)).toEqual([]);

  const next = lines(Date.now(), 2);
  await put(victim.vended, [sealed(victim.vended, next)]);
  await pipeline.drained();
  expect((await pipeline.log(victim.tenant)).slice(-2)).toEqual(next.map(String));
  expect(told('"GrantsStopped":1')).toBe(0);
});

type Member = Awaited<ReturnType<typeof members>>[number];

// One story: each test goes on where the one before ended.
describe('a grant that itself is far over its quota', () => {
  let busy: Member;
  let calm: Member;
  let forger: Member;
  /** What was sent since its stop. */
  const sent: Buffer[] = [];

  beforeAll(async () => {
    [busy, calm, forger] = (await members('busy', 'calm', 'forger')) as [Member, Member, Member];
  });

  test('is stopped, and not for what others send in its name', async () => {
    // Over the quota, in another's name: it is neither's.
    const forged = Array.from({ length: 4 }, () =>
      large({ ...forger.vended, grantId: calm.vended.grantId }),
    );
    expect(forged.reduce((sum, { length }) => sum + length, 0)).toBeGreaterThan(quota.bytes);
    await put(forger.vended, forged);
    await put(
      busy.vended,
      Array.from({ length: 4 }, () => large(busy.vended)),
    );
    await pipeline.drained();
    expect(await pipeline.batches(busy.tenant)).toHaveLength(4);
    expect(told('"GrantsStopped":1')).toBe(1);
    expect(told('TalliesFailed')).toBe(0);
    expect(await stateOf(busy.tenant, busy.vended)).toMatchObject({ state: 'stopped' });
    expect(await stateOf(calm.tenant, calm.vended)).toEqual({ state: 'live' });
    const whose = ['--tenant', busy.tenant.id, '--client', busy.tenant.client];
    const [listed] = (await operator.run('grants', 'list', ...whose, '--json')).rows;
    expect(listed).toMatchObject({ id: busy.vended.grantId, why: 'over-quota' });
    expect(listed).toHaveProperty('stopped');
    expect(listed).not.toHaveProperty('revoked');
  });

  test('has what arrives since put aside as its own, once a container looks the grant up again', async () => {
    // A container that has seen the grant looks it up again within 30 s; a new one does so at once.
    pipeline.deployment.functions.get('consumer')?.kill();
    await until(async () => {
      const [own] = lines(Date.now(), 1);
      if (own === undefined) throw new Error('no line');
      sent.push(own);
      await put(busy.vended, [sealed(busy.vended, [own])]);
      await pipeline.drained();
      return (await quarantineOf(busy.tenant)).some(({ code }) => code === 'grant-stopped');
    });
  });

  test('keeps nobody else’s from being stored', async () => {
    const own = lines(Date.now(), 3);
    await put(calm.vended, [sealed(calm.vended, own)]);
    await put(forger.vended, [sealed(forger.vended, own)]);
    await pipeline.drained();
    expect(await pipeline.log(calm.tenant)).toEqual(own.map(String));
    expect(await pipeline.log(forger.tenant)).toEqual(own.map(String));
    expect(told('"GrantsStopped":1')).toBe(1);
  });

  test('was not revoked: what was put aside is stored by a redrive', async () => {
    const ran = await operator.run('dlq', 'redrive', '--reason', 'grant-stopped', '--json');
    expect(ran.code).toBe(0);
    expect(ran.rows[0]?.['outcome']).toBe('stored');
    const log = await pipeline.log(busy.tenant);
    for (const text of sent) expect(log).toContain(String(text));
    expect(await quarantineOf(busy.tenant)).toEqual([]);
  });

  test('lets nothing in by that way once its API key is revoked, and can be revoked itself', async () => {
    await put(busy.vended, [sealed(busy.vended, lines(Date.now(), 1))]);
    await pipeline.drained();
    const [, keyId = ''] = busy.tenant.apiKey.split('_');
    expect((await operator.run('keys', 'revoke', keyId)).code).toBe(0);
    const refused = await operator.run('dlq', 'redrive', '--reason', 'grant-stopped', '--json');
    expect(refused.code).toBe(1);
    expect(refused.rows).toContainEqual({ outcome: 'refused', reason: 'key-revoked', count: 1 });
    expect(await pipeline.quarantined()).toContainEqual(
      expect.objectContaining({ code: 'grant-stopped', tenant: busy.tenant.id }),
    );
    const revoked = await operator.run('grants', 'revoke', '--id', busy.vended.grantId, '--json');
    expect(revoked.rows.map(({ id }) => id)).toEqual([busy.vended.grantId]);
  });
});
