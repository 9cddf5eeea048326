import { fromTime } from '../../domain/encoding.ts';
import { SealtrailError } from '../../domain/error.ts';
import { compose } from '../../domain/seal.ts';
import { timeOfUuid } from '../../domain/uuid.ts';
import { type Entry, sizeOf } from '../entry.ts';
import type { SealedBatch } from '../sealed-batch.ts';
import { EntryReader, type StoredEntry } from './entry-reader.ts';
import type { SpoolFiles } from './files.ts';
import type { Boundary } from './frame.ts';
import type { Segment } from './spool-state.ts';

const idAt = '{"id":"'.length;
const gone = Buffer.alloc(0);

/** The batch that was logged, composed again from its entries; none if they do not make it (any more). */
export function composeFrom(
  boundary: Boundary,
  found: readonly StoredEntry[],
): SealedBatch | undefined {
  const { client, producer, seq, prev, fin, count } = boundary;
  if (found.length !== count) return undefined;
  const times = [boundary.from, boundary.to, boundary.sealed].map((text) => fromTime(text) ?? 0);
  const [from = 0, to = 0, sealed = 0] = times;
  const entries = found.map((each) => toEntry(each));
  const bytes = entries.reduce((sum, entry) => sum + sizeOf(entry), 0);
  const lines = found.map(({ line }) => line);
  const batch = compose({ client, producer, seq, prev, lines, from, to, fin, sealed });
  if (batch.id !== boundary.id) return undefined;
  for (const entry of entries) entry.event.line = gone;
  return { batch, entries, to, bytes, resent: 0, attempts: 0, notBefore: 0 };
}

/** The same, read from the disk. Throws `spool-failed` if it cannot be made again. */
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
  const sealed = composeFrom(batch, found);
  if (sealed === undefined) throw damagedBatch(batch);
  return sealed;
}

export function damagedBatch({ seq, producer }: Boundary): SealtrailError {
  return new SealtrailError(
    'spool-failed',
    `batch ${seq} of ${producer} cannot be read in the spool any more`,
  );
}

/** An entry that was written before: nobody waits for it, unless `who` does. */
export function toEntry({ number, line }: StoredEntry, who?: Entry): Entry {
  const id = line.toString('latin1', idAt, idAt + 36);
  const event = { id, time: timeOfUuid(id), line, provisional: false };
  if (who !== undefined) return { ...who, event };
  return { number, until: 'durable', failClosed: false, resolve() {}, reject() {}, event };
}
