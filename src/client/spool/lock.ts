import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { SealtrailError } from '../../domain/error.ts';
import type { Clock } from '../clock.ts';

/** How often a holder shows that it lives, and after how long another host believes that it does not, ms. */
const beatMs = 10_000;
const deadAfterMs = 120_000;

const namePattern = /^lock-([0-9a-f]{16})-(\d+)-[0-9a-f]{16}$/;
const host = createHash('sha256').update(hostname()).digest('hex').slice(0, 16);

/**
 * Keeps everybody else out of a folder: another process, worker thread or client. Answers what lets go.
 *
 * Each who wants it makes a file of its own, and then looks for others: so of two that come at once at
 * most one stays, and to remove a dead one's file never removes a living one's. A holder has its file
 * open, which the system ends with the process or the worker: that is how its death is seen on this
 * host (on others than Linux, by its process id). A holder on another host is dead after two minutes
 * without a sign of life. Throws `spool-locked`.
 */
export function lockFolder(folder: string, clock: Clock): () => void {
  const path = join(folder, `lock-${host}-${process.pid}-${randomBytes(8).toString('hex')}`);
  const file = openSync(path, 'wx', 0o600);
  const release = () => {
    closeSync(file);
    removeIfThere(path);
  };
  try {
    for (const name of readdirSync(folder)) {
      const other = join(folder, name);
      if (other === path || !namePattern.test(name)) continue;
      if (isAlive(other, name, statSync(path).mtimeMs))
        throw new SealtrailError(
          'spool-locked',
          `${folder} is in use (${name}): give each process and worker thread a folder of its own`,
        );
      removeIfThere(other);
    }
  } catch (error) {
    release();
    throw error;
  }
  let cancel = () => {};
  const beat = () => {
    touch(file);
    cancel = clock.after(beatMs, beat);
  };
  cancel = clock.after(beatMs, beat);
  return () => {
    cancel();
    release();
  };
}

function isAlive(path: string, name: string, now: number): boolean {
  const [, itsHost, pid] = namePattern.exec(name) ?? [];
  if (itsHost !== host) {
    // Both times are the file system's, so the hosts' clocks do not matter.
    return now - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) < deadAfterMs;
  }
  if (!isRunning(Number(pid))) return false;
  return hasOpen(Number(pid), path) ?? true;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Whether the process has this file open; undefined where that cannot be seen. */
function hasOpen(pid: number, path: string): boolean | undefined {
  if (!existsSync(path)) return false;
  try {
    const real = realpathSync(path);
    const folder = `/proc/${pid}/fd`;
    return readdirSync(folder).some((fd) => linkOf(join(folder, fd)) === real);
  } catch {
    return undefined;
  }
}

/** A descriptor may be closed meanwhile. */
function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** A write, so that the time is the file system's. */
function touch(file: number): void {
  try {
    writeSync(file, '.', 0);
  } catch {} // a full or broken disk shows where it matters
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
