import { afterAll, beforeAll, expect, test } from 'vitest';
import { event, line, lines } from '../fixture/events.ts';
import { openPipeline, type Pipeline, until } from '../fixture/pipeline.ts';
import { put, sealed, type Vended, vend } from '../fixture/vended.ts';

const quota = 256 * 1024;
let pipeline: Pipeline;

beforeAll(async () => {
  pipeline = await openPipeline(undefined, {
    grantQuota: JSON.stringify({ bytes: quota, faults: 10_000 }),
  });
});
afterAll(() => pipeline?.close());

/** A record that is over a third of the quota, whatever it is packed with. */
function large(vended: Vended): Buffer {
  const noise = Array.from({ length: 40 }, () => {
    const text = Buffer.from(crypto.getRandomValues(new Uint8Array(2500))).toString('base64');
    return line({ ...event(Date.now()), metadata: { noise: text } });
  });
  return sealed(vended, noise);
}

const codes = async () => (await pipeline.quarantined()).map(({ code }) => code);

test('a grant that itself is far over its quota is revoked, and nobody else’s', async () => {
  const [busy, calm, forger] = await Promise.all(
    ['busy', 'calm', 'forger'].map((name) => pipeline.tenant(name)),
  );
  if (!busy || !calm || !forger) throw new Error('no tenants');
  const [flood, quiet, thief] = await Promise.all(
    [busy, calm, forger].map((tenant) => vend(pipeline.url, tenant)),
  );
  if (!flood || !quiet || !thief) throw new Error('no credentials');

  // Over the quota, in another's name: it is neither's.
  const forged = Array.from({ length: 4 }, () => large({ ...thief, grantId: quiet.grantId }));
  expect(forged.reduce((sum, { length }) => sum + length, 0)).toBeGreaterThan(quota);
  await put(thief, forged);
  await pipeline.drained();
  expect(await codes()).toEqual(Array(4).fill('signature-invalid'));

  const accepted = Array.from({ length: 4 }, () => large(flood));
  await put(flood, accepted);
  await pipeline.drained();
  expect(await pipeline.batches(busy)).toHaveLength(4);
  expect(pipeline.printed.filter((text) => text.includes('"GrantsRevoked":1'))).toHaveLength(1);

  // A revocation is seen once the container looks the grant up again.
  await until(async () => {
    await put(flood, [sealed(flood, lines(Date.now(), 1))]);
    await pipeline.drained();
    return (await codes()).includes('grant-revoked');
  });

  const own = lines(Date.now(), 3);
  await put(quiet, [sealed(quiet, own)]);
  await put(thief, [sealed(thief, own)]);
  await pipeline.drained();
  expect(await pipeline.log(calm)).toEqual(own.map(String));
  expect(await pipeline.log(forger)).toEqual(own.map(String));
  expect(pipeline.printed.filter((text) => text.includes('"GrantsRevoked":1'))).toHaveLength(1);
  expect(pipeline.printed.filter((text) => text.includes('TalliesFailed'))).toEqual([]);
});
