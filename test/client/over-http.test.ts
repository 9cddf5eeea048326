import { afterEach, expect, test } from 'vitest';
import { createAuditClient } from '../../src/client/index.ts';
import { openTaken } from '../fake/event-stream.ts';
import { apiKey } from '../fake/token-service.ts';
import { input } from '../fixture/audit-client.ts';
import { closeServers, listen } from '../fixture/front-over-http.ts';

afterEach(closeServers);

test('over real connections: the clock is corrected, and requests share a connection of HTTP/1.1', async () => {
  const skewMs = 30 * 60_000;
  const { url, token, taken, puts } = await listen(skewMs);
  const client = createAuditClient({ url, apiKey, lingerMs: 0, inFlight: 1 });
  const receipts = [];
  for (let n = 0; n < 5; n++) receipts.push(await client.record(input(n)));
  await client.close();

  const batches = openTaken(taken, token.grants);
  expect(batches.map(({ manifest }) => manifest.count)).toEqual([1, 1, 1, 1, 1, 0]);
  expect(receipts.map(({ batch }) => batch)).toEqual(batches.slice(0, 5).map(({ id }) => id));
  expect(token.requests.map(({ status }) => status)).toEqual([401, 200]);

  expect(new Set(puts.map(({ socket }) => socket)).size).toBe(1);
  expect(puts.every(({ version }) => version === '1.1')).toBe(true);
  const signed = puts[0]?.amzDate.replace(/^(....)(..)(..T..)(..)/, '$1-$2-$3:$4:') ?? '';
  expect(Math.abs(Date.parse(signed) - Date.now() - skewMs)).toBeLessThan(10_000);
});
