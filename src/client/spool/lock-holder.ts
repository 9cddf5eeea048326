import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync, statfsSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** Without a sign of life for so long, a holder that this machine runs elsewhere is dead, ms. */
const deadAfterMs = 60_000;
/** The same by the times of files, which are not as exact: of a holder on another machine, ms. */
const deadByFileMs = 120_000;
/** Clocks of one machine are read one after the other, ms. */
const slackMs = 1000;

/**
 * File systems that one machine has for itself (statfs(2)): ext, xfs, btrfs, f2fs, tmpfs, overlay, zfs,
 * bcachefs. A lock on one of them was made by this machine, now or before it was started again.
 */
const ownFileSystems = new Set([
  ...[0xef53, 0x58465342, 0x9123683e, 0xf2f52010, 0x01021994, 0x794c7630, 0x2fc12fc1, 0xca451a4e],
]);

/** Where a process runs, as far as others can tell it by its lock. */
export interface Host {
  /** 16 hex digits. Processes with the same one see each other under the ids that they have themselves. */
  readonly id: string;
  /** Of the running system: another one after each start of the machine; empty if it has none. */
  readonly boot: string;
  /** Of the machine, the same for all its processes, whoever sets its clock. ms */
  monotonic(): number;
}

export const lockPattern = /^lock-([0-9a-f]{16})-(\d+)-[0-9a-f]{16}$/;

/** A name that no other lock ever has. */
export function lockName(host: Host): string {
  return `lock-${host.id}-${process.pid}-${randomBytes(8).toString('hex')}`;
}

/** What a holder writes into its lock at each beat: always as many bytes. */
export function signOfLife(host: Host): string {
  return `${host.boot.padEnd(36)} ${String(host.monotonic()).padStart(20, '0')}\n`;
}

/** This process's. Container and host, and two containers, differ though they have one host name. */
export const thisHost: Host = {
  id: hostId(),
  boot: textOf('/proc/sys/kernel/random/boot_id').slice(0, 36),
  monotonic: () => Number(process.hrtime.bigint() / 1_000_000n),
};

/**
 * A process id says something only within one PID namespace (pid_namespaces(7)), of one start of the
 * machine. Where /proc is another namespace's, or there is none on a Linux, no id can be believed.
 */
function hostId(): string {
  let namespace = 'none';
  if (process.platform === 'linux') {
    const isOurs = linkOf('/proc/self') === String(process.pid);
    namespace =
      (isOurs ? linkOf('/proc/self/ns/pid') : undefined) ?? randomBytes(8).toString('hex');
  }
  const parts = [hostname(), textOf('/proc/sys/kernel/random/boot_id'), namespace];
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 16);
}

/** Whether the holder of this lock may live. `fileNow`: the time of the file system, epoch ms. */
export function isAlive(path: string, fileNow: number, host: Host): boolean {
  const [, itsHost, pid] = lockPattern.exec(basename(path)) ?? [];
  if (itsHost === host.id) return isRunning(Number(pid)) && (hasOpen(Number(pid), path) ?? true);
  const [boot = '', beat = ''] = textOf(path).split(/ +/);
  const age = host.monotonic() - Number.parseInt(beat, 10);
  const isSameBoot = boot !== '' && boot === host.boot;
  if (isSameBoot && age > -slackMs) return age < deadAfterMs;
  // Some containers are shown a boot id of their own, but no clock of their own.
  if (!isSameBoot && !Number.isNaN(age) && isOwnFileSystem(dirname(path)))
    return age > -slackMs && age < deadAfterMs;
  const seen = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  return seen !== undefined && fileNow - seen < deadByFileMs;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Whether the process has this file open; undefined where that cannot be seen. Its name is enough, as no
 * other file has it: the path may be another in the process's container.
 */
function hasOpen(pid: number, path: string): boolean | undefined {
  const folder = `/proc/${pid}/fd`;
  const name = basename(path);
  try {
    return readdirSync(folder).some((fd) => basename(linkOf(join(folder, fd)) ?? '') === name);
  } catch {
    return undefined;
  }
}

function isOwnFileSystem(folder: string): boolean {
  try {
    return process.platform === 'linux' && ownFileSystems.has(statfsSync(folder).type);
  } catch {
    return false;
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

/** Empty if it cannot be read. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
