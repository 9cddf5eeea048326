import { createHash, randomBytes } from 'node:crypto';
import { open, readdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { Failure } from '../failure.ts';

const host = createHash('sha256').update(hostname()).digest('hex').slice(0, 16);
/** Locks of this process: its id alone may be that of one that died, as every first process of a container has it. */
const held = new Set<string>();

/**
 * Keeps other exports out of a file. Each that wants it makes a lock of its own beside it and then looks for others, so
 * of two that come at once at most one stays, and removing the lock of a dead process never removes a living one's.
 *
 * @returns a function that releases it
 * @throws Failure naming the lock, if another process on this host holds one, or one on another host may
 */
export async function lockFile(file: string): Promise<() => Promise<void>> {
  const [folder, prefix] = [dirname(file), `${basename(file)}.lock-`];
  const own = `${prefix}${host}-${process.pid}-${randomBytes(8).toString('hex')}`;
  const path = join(folder, own);
  try {
    await (await open(path, 'wx', 0o600)).close();
  } catch (cause) {
    throw new Failure(`${file} cannot be written: no file can be made in its folder`, { cause });
  }
  held.add(path);
  const release = async () => {
    await rm(path, { force: true });
    held.delete(path);
  };
  try {
    for (const name of await readdir(folder)) {
      const [, itsHost, pid] = /-([0-9a-f]{16})-(\d+)-[0-9a-f]{16}$/.exec(name) ?? [];
      if (name === own || !name.startsWith(prefix) || pid === undefined) continue;
      const other = join(folder, name);
      if (itsHost !== host || isAlive(other, Number(pid)))
        throw new Failure(
          `another export writes ${file}: wait for it, or name another file. If none runs, remove ${other}`,
        );
      await rm(other, { force: true });
    }
  } catch (error) {
    await release();
    throw error;
  }
  return release;
}

function isAlive(lock: string, pid: number): boolean {
  if (pid === process.pid) return held.has(lock);
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
