import {
  closeSync,
  fstatSync,
  openSync,
  readdirSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { SealtrailError } from '../../domain/error.ts';
import type { Clock } from '../clock.ts';
import { type Host, isAlive, lockName, lockPattern, signOfLife, thisHost } from './lock-holder.ts';

/** How often a holder shows that it lives, ms. */
const beatMs = 5000;

/** A folder that is ours. */
export interface Lock {
  /**
   * Throws `spool-locked` once the folder is another's, or may be: our file in it is gone. Whoever takes a
   * folder over removes that file before it reads the first byte: so what was written before this call
   * returns is seen by it, and is not lost.
   */
  assertHeld(): void;
  release(): void;
}

interface LockDeps {
  readonly clock: Clock;
  /** The folder is not ours any more. Called once, from a timer or from `assertHeld`. */
  readonly onLost?: (error: SealtrailError) => void;
  /** @default the machine */
  readonly host?: Host;
}

/**
 * Keeps everybody else out of a folder: another process, worker thread or client. Throws `spool-locked`.
 *
 * Each that wants it makes a file of its own, and then looks for others: so of two that come at once at
 * most one stays, and to remove a dead one's file never removes a living one's. A holder has its file
 * open, which the system ends with the process or the worker: that is how others in its PID namespace see
 * its death (where not on Linux, by its process id). Those in another namespace, or on another machine, go
 * by its signs of life. A holder that gave none for too long, as it was frozen, finds its file gone.
 */
export function lockFolder(
  folder: string,
  { clock, onLost = () => {}, host = thisHost }: LockDeps,
): Lock {
  const path = join(folder, lockName(host));
  const file = openSync(path, 'wx', 0o600);
  const { ino } = fstatSync(file, { bigint: true });
  let cancel = () => {};
  let lost: SealtrailError | undefined;
  let isReleased = false;
  const release = () => {
    if (isReleased) return;
    isReleased = true;
    cancel();
    closeSync(file);
    removeIfThere(path);
  };
  const assertHeld = () => {
    if (lost === undefined && !isReleased && isOurs(path, ino)) return;
    const isNews = lost === undefined && !isReleased;
    lost ??= new SealtrailError(
      'spool-locked',
      `${folder} is not this client's any more: its lock was removed, as another took it for dead or someone cleared the folder. Make a new client`,
    );
    if (isNews) onLost(lost);
    throw lost;
  };
  const beat = () => {
    try {
      assertHeld();
    } catch {
      return; // it was told
    }
    show(file, host);
    cancel = clock.after(beatMs, beat);
  };
  try {
    show(file, host);
    for (const name of readdirSync(folder)) {
      const other = join(folder, name);
      if (other === path || !lockPattern.test(name)) continue;
      if (isAlive(other, statSync(path).mtimeMs, host)) throw inUse(folder, name);
      removeIfThere(other);
    }
  } catch (error) {
    release();
    throw error;
  }
  cancel = clock.after(beatMs, beat);
  return { assertHeld, release };
}

function inUse(folder: string, name: string): SealtrailError {
  const advice = 'give each process and worker thread a folder of its own';
  const crashed =
    'The lock of a container that crashed holds for up to 2 minutes; if its holder is gone for certain, remove that file';
  return new SealtrailError('spool-locked', `${folder} is in use (${name}): ${advice}. ${crashed}`);
}

/** A system call of some 5 µs. What cannot be told (the disk failed) counts as ours: writes will tell. */
function isOurs(path: string, ino: bigint): boolean {
  try {
    return statSync(path, { bigint: true }).ino === ino;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code !== 'ENOENT' && code !== 'ENOTDIR';
  }
}

/** In place: that needs no room on a full disk. */
function show(file: number, host: Host): void {
  try {
    writeSync(file, signOfLife(host), 0);
  } catch {} // a broken disk shows where it matters
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
