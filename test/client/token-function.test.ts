import { expect, test } from 'vitest';
import { apiKey } from '../fake/token-service.ts';
import { input, world } from '../fixture/audit-client.ts';

const minute = 60_000;

test('a function is asked for the key at each request, and its key is what the proof is bound to', async () => {
  let calls = 0;
  const { client, clock, token } = world({
    apiKey: async () => {
      calls++;
      return apiKey;
    },
  });
  expect(calls).toBe(0);
  await clock.while(client.record(input(0)));
  await clock.advance(31 * minute);
  expect(token.grants).toHaveLength(2);
  // For two grants, and once to ask whether the first still holds.
  expect(token.requests.map(({ path }) => path.split('/')[2])).toEqual([
    ...['credentials', 'grants', 'credentials'],
  ]);
  expect(calls).toBe(3);
});

test('waiting for the store asks it too', async () => {
  let calls = 0;
  const { client, clock, token, taken } = world({
    apiKey: () => {
      calls++;
      return apiKey;
    },
  });
  const receipt = client.record(input(0), { until: 'committed' });
  await clock.until(() => taken().length === 1);
  for (const { id } of taken()) token.stored.add(id);
  await clock.while(receipt);
  expect(calls).toBe(token.requests.length);
});

const broken: [string, () => string | Promise<string>, string][] = [
  [
    'throws',
    () => {
      throw new Error('a-secret');
    },
    'unavailable',
  ],
  ['rejects', () => Promise.reject(new Error('a-secret')), 'unavailable'],
  ['never answers', () => new Promise<string>(() => {}), 'unavailable'],
  ['gives a line end', async () => 'a-secret\n', 'request-invalid'],
  ['gives nothing', async () => undefined as never, 'request-invalid'],
  ['gives what no header takes', async () => 'a-secret'.repeat(1025), 'request-invalid'],
];

test.each(broken)(
  'while a function %s events wait, and that is told without its words',
  async (_, fails, code) => {
    let works = false;
    const give = (): string | Promise<string> => (works ? apiKey : fails());
    const { client, clock, token, lines } = world({ apiKey: give });
    const receipt = client.record(input(0));
    await clock.advance(11_000);
    expect(client.stats()).toMatchObject({ pending: { events: 1 }, lastError: { code } });
    expect(client.stats().lastError?.message).toContain('apiKey');
    expect(JSON.stringify(client.stats())).not.toContain('a-secret');
    expect(token.requests).toEqual([]);
    works = true;
    await clock.while(receipt);
    expect(lines()).toHaveLength(1);
  },
);

test('a client over its quota asks no sooner than it was told to', async () => {
  const { client, clock, token } = world({ lingerMs: 0, committedTimeoutMs: 11 * minute });
  await clock.while(client.record(input(0)));
  token.mode = 'no-commits-left';
  void client.record(input(1), { until: 'committed' });
  await clock.advance(10 * minute);
  const asked = token.requests.filter(({ path }) => path === '/v1/commits');
  expect(asked.length).toBeGreaterThan(8);
  expect(asked.length).toBeLessThanOrEqual(10);
});
