import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { heldFiles } from '../../../src/client/spool/held-files.ts';
import { codeOf } from '../../../src/domain/error.ts';
import { MemoryDisk } from '../../fake/memory-disk.ts';
import { input } from '../../fixture/audit-client.ts';
import { type SpooledWorld, spooledWorld } from '../../fixture/spooled-client.ts';

const worlds: SpooledWorld[] = [];
afterEach(() => {
  for (const world of worlds.splice(0)) {
    world.kill();
    world.remove();
  }
});

const durable = { until: 'durable' } as const;

/** A client that was frozen for so long that another one took its folder: the lock is gone. */
async function takenOver() {
  const world = spooledWorld({ lingerMs: 0, maxBatchEvents: 2 });
  worlds.push(world);
  const { clock, token, dir, open } = world;
  token.mode = 'down';
  const first = open();
  for (let n = 0; n < 5; n++) await clock.while(first.record(input(n), durable));
  for (const name of readdirSync(dir)) rmSync(join(dir, name));
  return { ...world, first, second: open() };
}

const codeOfRejection = (promise: Promise<unknown>) => promise.then(() => 'resolved', codeOf);

test('a client whose spool was taken acknowledges nothing more, and says so in every way', async () => {
  const { clock, first, second, token, numbers } = await takenOver();
  const waits = first.record(input(5));
  expect(await clock.while(codeOfRejection(first.record(input(6), durable)))).toBe('spool-locked');
  expect(await clock.while(codeOfRejection(waits))).toBe('spool-locked');
  expect(await clock.while(codeOfRejection(first.record(input(7), durable)))).toBe('spool-locked');
  expect(await clock.while(codeOfRejection(first.flush()))).toBe('spool-locked');
  expect(first.stats().lastError?.code).toBe('spool-locked');
  token.mode = 'up';
  await clock.while(second.close());
  expect(await clock.while(codeOfRejection(first.close()))).toBe('spool-locked');
  expect(clock.holds).toBe(0);
  expect(numbers().sort()).toEqual([0, 1, 2, 3, 4]);
});

test('it seals no batch that the other would number too', async () => {
  const { clock, first, second, token, taken } = await takenOver();
  token.mode = 'up';
  await clock.while(codeOfRejection(first.record(input(5), durable)));
  await clock.advance(60_000);
  await clock.while(second.close());
  const chain = taken().map(({ manifest }) => `${manifest.producer} ${manifest.seq}`);
  expect(new Set(chain).size).toBe(chain.length);
});

test('it makes, renames and removes no file, and calls nothing durable that was written since', async () => {
  const disk = new MemoryDisk();
  let isHeld = true;
  const files = heldFiles(disk.mount(), () => {
    if (!isHeld) throw new Error('not ours');
  });
  const file = await files.create('/spool/1.segment');
  await file.append(Buffer.from('acknowledged'));
  await file.sync();
  isHeld = false;
  await file.append(Buffer.from('not acknowledged'));
  await expect(file.sync()).rejects.toThrow('not ours');
  await expect(files.create('/spool/2.segment')).rejects.toThrow('not ours');
  await expect(files.rename('/spool/1.segment', '/spool/3.segment')).rejects.toThrow('not ours');
  await expect(files.remove('/spool/1.segment')).rejects.toThrow('not ours');
  expect(disk.names).toEqual(['1.segment']);
});

test('an idle one notices at its next beat', async () => {
  const { clock, first } = await takenOver();
  const waits = codeOfRejection(first.flush());
  await clock.advance(5000);
  expect(await clock.while(waits)).toBe('spool-locked');
});
