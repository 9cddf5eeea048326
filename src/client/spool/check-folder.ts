import { closeSync, fsyncSync, lstatSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { SealtrailError } from '../../domain/error.ts';

const isWindows = process.platform === 'win32';
const othersMayWrite = 0o002;

/**
 * Makes the folder of a spool if there is none, for this user only, and makes its name durable. Events lie in it
 * in plain text, and what is found in it is sent: so one that every user may write to is refused, and a link,
 * which may be pointed elsewhere. Throws `spool-failed`, which says what to do.
 */
export function makeFolder(folder: string): void {
  const first = mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (first !== undefined) syncNames(folder, dirname(first));
  const found = lstatSync(folder);
  if (found.isSymbolicLink()) throw refused(folder, 'is a link: give the folder that it leads to');
  if (!found.isDirectory()) throw refused(folder, 'is no folder: give another path');
  if (!isWindows && (found.mode & othersMayWrite) !== 0)
    throw refused(
      folder,
      'may be written to by every user: run chmod o-w on it, or give a folder below it that does not exist yet',
    );
}

/** A folder that is made is durable only once the folder that has its name is (fsync(2)). */
function syncNames(folder: string, root: string): void {
  if (isWindows) return;
  for (let at = folder; at !== root && at !== dirname(at); at = dirname(at)) {
    const file = openSync(dirname(at), 'r');
    try {
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  }
}

function refused(folder: string, why: string): SealtrailError {
  return new SealtrailError('spool-failed', `the spool in ${folder}: it ${why}`);
}
