import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmdirSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { AuditClient } from '../../../src/client/client.ts';
import { systemClock } from '../../../src/client/clock.ts';
import { parseOptions } from '../../../src/client/options.ts';
import { codeOf } from '../../../src/domain/error.ts';
import { fakeStream, openTaken } from '../../fake/event-stream.ts';
import { apiKey, fakeTokenService, url } from '../../fake/token-service.ts';
import { input } from '../../fixture/audit-client.ts';

const disk = mkdtempSync(join(tmpdir(), 'sealtrail-full-'));
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'none', disk]).status === 0;
if (!mounted) console.log('skipped: a small file system needs the right to mount one');
afterAll(() => {
  if (mounted) spawnSync('umount', ['--lazy', disk]);
  rmdirSync(disk);
});

test.skipIf(!mounted)(
  'a real file system, filled to the last byte, is emptied by delivering, and all that was acknowledged is there',
  async () => {
    const token = fakeTokenService(Date.now);
    const stream = fakeStream(Date.now);
    const dir = join(disk, 'spool');
    const options = {
      url,
      apiKey,
      lingerMs: 0,
      maxBatchEvents: 1,
      closeTimeoutMs: 5000,
      spool: { dir },
    };
    const client = new AuditClient(parseOptions(options), {
      ...{ clock: systemClock, random: () => 0, disconnect: () => {} },
      ...{ fetch: token.fetch, kinesis: stream.kinesis },
    });
    try {
      const acknowledged: number[] = [];
      const codeAt = (n: number) =>
        client
          .record(input(n, { metadata: { n, x: 'x'.repeat(20_000) } }), { until: 'durable' })
          .then(() => void acknowledged.push(n), codeOf);
      token.mode = 'down';
      let n = 0;
      while ((await codeAt(n++)) === undefined);
      fill(disk);
      expect(await codeAt(n++)).toBe('spool-failed');
      expect(acknowledged.length).toBeGreaterThan(50);
      token.mode = 'up';
      await client.flush();
      await expect.poll(() => codeAt(n++), { timeout: 20_000 }).toBe(undefined);
      await expect.poll(() => readdirSync(dir)).toContain('reserve');
      await client.close();
      const taken = openTaken(stream.taken, token.grants).flatMap(({ lines }) =>
        lines.map(({ bytes }) => JSON.parse(String(bytes)).metadata.n),
      );
      expect(taken.sort((a, b) => a - b)).toEqual(acknowledged);
    } finally {
      await client.close().catch(() => {});
    }
  },
  30_000,
);

/** Takes what room there is. */
function fill(folder: string): void {
  const { bavail, bsize } = statfsSync(folder);
  writeFileSync(join(folder, 'of-somebody-else'), Buffer.alloc(bavail * bsize));
  expect(statfsSync(folder).bavail).toBe(0);
}
