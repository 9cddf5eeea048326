import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createAuditClient } from '../../../src/client/index.ts';
import { input, world as withoutSpool } from '../../fixture/audit-client.ts';
import { type SpooledWorld, spooledWorld } from '../../fixture/spooled-client.ts';

const worlds: SpooledWorld[] = [];
afterEach(() => {
  for (const world of worlds.splice(0)) {
    world.kill();
    world.remove();
  }
});

function world(): SpooledWorld {
  const made = spooledWorld({ lingerMs: 0 });
  worlds.push(made);
  return made;
}

const durable = { until: 'durable' } as const;

test.each([
  ['another tenant, whose client has the same name', { tenant: 'beta' }],
  ['another client of the tenant', { client: 'shop' }],
])('a spool is refused to the key of %s, and nothing is sent', async (_, change) => {
  const { clock, token, stream, open, kill } = world();
  const first = open();
  await clock.while(first.record(input(0)));
  stream.fate = () => ({ kind: 'failed', name: 'InternalFailure' });
  await clock.while(first.record(input(1), durable));
  kill();
  stream.fate = () => ({ kind: 'taken' });
  const owner = { tenant: token.tenant, client: token.client };
  Object.assign(token, change);
  const second = open();
  void second.record(input(2));
  await clock.advance(120_000);
  expect(stream.taken).toHaveLength(1);
  expect(second.stats().lastError).toMatchObject({ code: 'grant-invalid' });
  expect(second.stats().lastError?.message).toContain(
    `the key is ${token.client}'s of tenant ${token.tenant}, and this client (or its spool) is billing of tenant acme`,
  );
  await expect(second.record(input(3), durable)).rejects.toThrow('the key is');
  kill();
  Object.assign(token, owner);
  const third = open();
  await clock.while(third.close());
  expect(stream.taken.length).toBeGreaterThan(1);
});

test('that holds after a close too, when no chain goes on', async () => {
  const { clock, token, stream, open } = world();
  const first = open();
  await clock.while(first.record(input(0)));
  await clock.while(first.close());
  const { length } = stream.taken;
  token.tenant = 'beta';
  const second = open();
  void second.record(input(1));
  await clock.advance(120_000);
  expect(stream.taken).toHaveLength(length);
});

test('a client in memory stays with the tenant of its first key', async () => {
  const { clock, token, stream, client } = withoutSpool({ lingerMs: 0 });
  await clock.while(client.record(input(0)));
  token.tenant = 'beta';
  const renewed = token.grants.length;
  void client.record(input(1));
  stream.fate = () => ({ kind: 'failed', name: 'ExpiredTokenException' });
  await clock.until(() => token.grants.length > renewed);
  stream.fate = () => ({ kind: 'taken' });
  await clock.advance(4_000_000); // its first grant has ended
  expect(client.stats().lastError?.message).toContain('of tenant beta');
  expect(stream.taken.filter(({ at }) => at > 0)).toHaveLength(2); // both under the first tenant's grant
  await expect(client.record(input(2))).rejects.toThrow('of tenant beta');
  await clock.advance(60_000);
  expect(stream.taken).toHaveLength(2);
});

test('a folder that every user may write to is refused, and a link, with what to do', () => {
  const parent = mkdtempSync(join(tmpdir(), 'sealtrail-folder-'));
  const open = (dir: string) =>
    createAuditClient({
      url: 'http://127.0.0.1:9',
      apiKey: 'k',
      closeTimeoutMs: 1,
      spool: { dir },
    });
  try {
    const open777 = join(parent, 'open');
    mkdirSync(open777);
    chmodSync(open777, 0o777);
    if (process.platform !== 'win32') expect(() => open(open777)).toThrow('run chmod o-w on it');
    chmodSync(open777, 0o700);
    symlinkSync(open777, join(parent, 'link'));
    expect(() => open(join(parent, 'link'))).toThrow('give the folder that it leads to');
    void open(join(parent, 'new', 'deep'))
      .close()
      .catch(() => {});
    expect(statSync(join(parent, 'new', 'deep')).mode & 0o777).toBe(0o700);
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
});
