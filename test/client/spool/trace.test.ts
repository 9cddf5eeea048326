import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const canTrace = spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0;
if (!canTrace)
  console.log('skipped: the order of system calls needs strace, which is absent or may not trace');

/** Records three events one after the other, and says so on its standard output once each is durable. */
const script = `
  import { createAuditClient } from ${JSON.stringify(new URL('../../../src/client/index.ts', import.meta.url).href)};
  import { writeSync } from 'node:fs';
  setTimeout(() => process.exit(1), 60_000).unref();
  const client = createAuditClient({ url: 'http://127.0.0.1:9', apiKey: 'k', closeTimeoutMs: 1, spool: { dir: process.argv[1] } });
  for (let n = 0; n < 3; n++) {
    await client.record({ action: 'traced.event', actor: { type: 'user', id: 'u' }, metadata: { n } }, { until: 'durable' });
    writeSync(1, 'acknowledged ' + n + '\\n');
  }
  await client.close().catch(() => {});
`;

test.skipIf(!canTrace)(
  'the system calls come in the order: write, fsync, acknowledge; the name of a file is fsynced too',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sealtrail-trace-'));
    try {
      const output = join(folder, 'trace');
      const calls = 'trace=openat,write,pwrite64,writev,fsync,fdatasync';
      const child = spawn(
        'strace',
        [
          ...['-f', '-y', '-s', '4096', '-e', calls, '-o', output],
          ...[process.execPath, '--input-type=module', '--eval', script, join(folder, 'spool')],
        ],
        { cwd: fileURLToPath(new URL('../../..', import.meta.url)), stdio: 'ignore' },
      );
      await once(child, 'close');
      expect(orderOf(readFileSync(output, 'utf8'))).toEqual([
        'sync parent',
        ...['write header', 'sync segment', 'sync folder'],
        ...['write event 0', 'sync segment', 'acknowledge 0'],
        ...['write event 1', 'sync segment', 'acknowledge 1'],
        ...['write event 2', 'sync segment', 'acknowledge 2'],
      ]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
  120_000,
);

/** What was done to the spool and told, in the order of completion. */
function orderOf(trace: string): string[] {
  const begun = new Map<string, string>();
  return trace.split('\n').flatMap((line) => {
    const [, thread = '', call = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    if (call.endsWith('<unfinished ...>')) {
      begun.set(thread, call);
      return [];
    }
    const isResumed = call.startsWith('<... ');
    const whole = isResumed ? `${begun.get(thread) ?? ''}${call}` : call;
    const event = /metadata\\":\{\\"n\\":(\d)/.exec(whole)?.[1];
    if (/^write\(1</.test(whole)) return [`acknowledge ${/acknowledged (\d)/.exec(whole)?.[1]}`];
    if (/^p?write(64|v)?\(\d+<[^>]*\.segment>/.test(whole))
      return [event === undefined ? 'write header' : `write event ${event}`];
    if (/^f(data)?sync\(\d+<[^>]*\.segment>/.test(whole)) return ['sync segment'];
    if (/^fsync\(\d+<[^>]*\/sealtrail-trace-[^/>]*>/.test(whole)) return ['sync parent'];
    return /^fsync\(\d+<[^>]*\/spool>/.test(whole) ? ['sync folder'] : [];
  });
}
