import { SealtrailError } from '../../domain/error.ts';
import type { Clock } from '../clock.ts';
import { makeFolder } from './check-folder.ts';
import type { SpoolFiles } from './files.ts';
import { frameOverhead, type Owner } from './frame.ts';
import { heldFiles } from './held-files.ts';
import { type Lock, lockFolder } from './lock.ts';
import { recovering, segmentNumbers, segmentPath } from './recover.ts';
import { SegmentScan } from './segment-scan.ts';
import type { Recovered } from './spool-state.ts';

/** Bytes that are read in each slice, the first of them when a client is made: some 3 ms. */
const sliceBytes = 1024 * 1024;

/** A spool that is ours now, and that may still be read. */
export interface OpenedSpool {
  readonly lock: Lock;
  /** The file system, for as long as the folder is ours. */
  readonly files: SpoolFiles;
  /** Of all its files, when it was locked. */
  readonly bytes: number;
  /** No entry has this number or a larger one. */
  readonly nextNumber: number;
  /** Goes on reading. Answers what is in it, once all is read; throws what the file system throws. */
  readonly readOn: () => Recovered | undefined;
}

interface OpenDeps {
  readonly files: SpoolFiles;
  readonly clock: Clock;
  readonly onLost: (error: SealtrailError) => void;
}

/**
 * Locks a folder, made if there is none, and begins to read what is in it. Throws `spool-locked` if somebody uses
 * it, `spool-failed` if it cannot be used.
 */
export function openSpool(folder: string, deps: OpenDeps): OpenedSpool {
  let lock: Lock | undefined;
  try {
    makeFolder(folder);
    lock = lockFolder(folder, deps);
    const files = heldFiles(deps.files, lock.assertHeld);
    const { bytes, nextNumber } = measure(folder, files);
    return { lock, files, bytes, nextNumber, readOn: reading(folder, files) };
  } catch (cause) {
    lock?.release();
    throw failedToOpen(folder, cause);
  }
}

export function failedToOpen(folder: string, cause: unknown): SealtrailError {
  if (cause instanceof SealtrailError) return cause;
  const { message } = cause as Error;
  return new SealtrailError('spool-failed', `the spool in ${folder}: ${message}`, { cause });
}

/** Each call reads a slice. After one that threw, all is read again. */
function reading(folder: string, files: SpoolFiles): () => Recovered | undefined {
  let steps = recovering(folder, files);
  return () => {
    try {
      for (let read = 0; read < sliceBytes; ) {
        const step = steps.next();
        if (step.done) return step.value;
        read += step.value;
      }
      return undefined;
    } catch (error) {
      steps = recovering(folder, files);
      throw error;
    }
  };
}

/**
 * Numbers of entries need not follow one another, so the next one may be taken before all is read: the newest
 * segment of which something can be read says where its numbers begin, and its size how far they can go.
 */
function measure(folder: string, files: SpoolFiles): { bytes: number; nextNumber: number } {
  let [bytes, behind, begin] = [0, 0, 0];
  for (const number of segmentNumbers(folder, files).reverse()) {
    const path = segmentPath(folder, number);
    const size = files.size(path);
    bytes += size;
    if (begin > 0) continue;
    behind += size;
    for (const { frame } of new SegmentScan(files, path).next(size) ?? []) {
      if (frame.kind === 'header') begin = Math.max(begin, frame.header.nextEntry);
      if (frame.kind === 'entry') begin = Math.max(begin, frame.number + 1);
    }
  }
  return { bytes, nextNumber: begin + Math.ceil(behind / frameOverhead) };
}

/** The first grant's tenant and client; of a spool of an earlier version the client alone is known. */
export function ownerOf({
  state,
}: Recovered): (Omit<Owner, 'tenant'> & Partial<Owner>) | undefined {
  const [logged] = state.outstanding.values();
  const client = state.chain?.client ?? logged?.batch.client;
  return state.owner ?? (client === undefined ? undefined : { client });
}
