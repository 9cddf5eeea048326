import { mkdirSync } from 'node:fs';
import { fromTime } from '../../domain/encoding.ts';
import { SealtrailError } from '../../domain/error.ts';
import { compose } from '../../domain/seal.ts';
import { timeOfUuid } from '../../domain/uuid.ts';
import type { Clock } from '../clock.ts';
import { type Entry, sizeOf } from '../entry.ts';
import type { SealedBatch } from '../sealed-batch.ts';
import { EntryReader, type StoredEntry } from './entry-reader.ts';
import type { SpoolFiles } from './files.ts';
import type { Boundary } from './frame.ts';
import { lockFolder } from './lock.ts';
import { recover, type Segment, type SpoolState } from './recover.ts';

const idAt = '{"id":"'.length;
const gone = Buffer.alloc(0);

/** A spool that is ours now, as its last user left it. */
export interface OpenedSpool {
  readonly state: SpoolState;
  readonly reader: EntryReader;
  /** What is logged and not delivered, composed again: the very same batches. */
  readonly batches: SealedBatch[];
  /** Entries that are in no batch. */
  readonly unread: { readonly events: number; readonly bytes: number };
  /** Lets others in. */
  readonly unlock: () => void;
}

/**
 * Locks a folder, made if there is none, and reads what is in it. Throws `spool-locked` if somebody uses
 * it, `spool-failed` if it cannot be used or what it holds is not to be believed.
 */
export function openSpool(folder: string, files: SpoolFiles, clock: Clock): OpenedSpool {
  let unlock = () => {};
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    unlock = lockFolder(folder, clock);
    const state = recover(folder, files);
    return { unlock, ...read(state, files) };
  } catch (cause) {
    unlock();
    if (cause instanceof SealtrailError) throw cause;
    const { message } = cause as Error;
    throw new SealtrailError('spool-failed', `the spool in ${folder}: ${message}`, { cause });
  }
}

function read(state: SpoolState, files: SpoolFiles): Omit<OpenedSpool, 'unlock'> {
  const reader = new EntryReader(files, () => state.segments);
  const batches: SealedBatch[] = [];
  let chunk: StoredEntry[] = [];
  for (const { batch } of state.outstanding.values()) {
    const found: StoredEntry[] = [];
    while (found.length < batch.count) {
      if (chunk.length === 0) chunk = reader.read((found.at(-1)?.number ?? batch.first - 1) + 1);
      const next = chunk.shift();
      if (next === undefined || next.number >= batch.end) break;
      if (next.number >= batch.first) found.push(next);
    }
    batches.push(again(batch, found));
  }
  const unread = countFrom(state, files);
  // A reader goes forward only, and this one may be past the first that is in no batch.
  return { state, batches, unread, reader: new EntryReader(files, () => state.segments) };
}

function countFrom(state: SpoolState, files: SpoolFiles): { events: number; bytes: number } {
  const reader = new EntryReader(files, () => state.segments);
  let [events, bytes] = [0, 0];
  for (let from = state.nextUnbatched; ; ) {
    const found = reader.read(from);
    const last = found.at(-1);
    if (last === undefined) return { events, bytes };
    events += found.length;
    for (const { line } of found) bytes += line.length + 1;
    from = last.number + 1;
  }
}

/** One batch that is logged and not delivered, composed again from what is on the disk. Throws `spool-failed`. */
export function composeLogged(
  batch: Boundary,
  segments: readonly Segment[],
  files: SpoolFiles,
): SealedBatch {
  const reader = new EntryReader(files, () => segments);
  const found: StoredEntry[] = [];
  for (let next = batch.first; found.length < batch.count; ) {
    const chunk = reader.read(next).filter(({ number }) => number < batch.end);
    const last = chunk.at(-1);
    if (last === undefined) break;
    found.push(...chunk);
    next = last.number + 1;
  }
  return again(batch, found);
}

/** Composes a batch from its lines anew. It is sent only if it is the same. */
function again(boundary: Boundary, found: readonly StoredEntry[]): SealedBatch {
  const { client, producer, seq, prev, fin } = boundary;
  const times = [boundary.from, boundary.to, boundary.sealed].map((text) => fromTime(text) ?? 0);
  const [from = 0, to = 0, sealed = 0] = times;
  const entries = found.map((each) => toEntry(each));
  const bytes = entries.reduce((sum, entry) => sum + sizeOf(entry), 0);
  const lines = found.map(({ line }) => line);
  const batch = compose({ client, producer, seq, prev, lines, from, to, fin, sealed });
  if (batch.id !== boundary.id)
    throw new SealtrailError(
      'spool-failed',
      `batch ${seq} of ${producer} is damaged: move the folder away, and keep it`,
    );
  for (const entry of entries) entry.event.line = gone;
  return { batch, entries, to, bytes, resent: 0, attempts: 0, notBefore: 0 };
}

/** An entry that was written before: nobody waits for it, unless `who` does. */
export function toEntry({ number, line }: StoredEntry, who?: Entry): Entry {
  const id = line.toString('latin1', idAt, idAt + 36);
  const event = { id, time: timeOfUuid(id), line, provisional: false };
  if (who !== undefined) return { ...who, event };
  return { number, until: 'durable', failClosed: false, resolve() {}, reject() {}, event };
}
