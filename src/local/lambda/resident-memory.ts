import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Bytes of memory that a process has resident, undefined once it is gone. Buffers are in it:
 * `--max-old-space-size` does not bound those, so only watching does.
 */
export async function residentMemory(pid: number): Promise<number | undefined> {
  const kilobytes =
    process.platform === 'linux'
      ? /^VmRSS:\s+(\d+) kB$/m.exec(
          await readFile(`/proc/${pid}/status`, 'utf8').catch(() => ''),
        )?.[1]
      : (await run('ps', ['-o', 'rss=', '-p', String(pid)]).catch(() => undefined))?.stdout.trim();
  return kilobytes ? Number(kilobytes) * 1024 : undefined;
}
