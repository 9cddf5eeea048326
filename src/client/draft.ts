import { type Entry, sizeOf } from './entry.ts';

/** Events that will be one batch: in the order of recording, within the limits, not yet numbered. */
export interface Draft {
  readonly entries: Entry[];
  /** Of the body, uncompressed. */
  bytes: number;
  /** Earliest and latest event time, epoch ms. */
  from: number;
  to: number;
}

/** A draft of one entry at least. */
export function draftOf(entries: Entry[]): Draft {
  const times = entries.map((entry) => entry.event.time);
  return {
    entries,
    bytes: entries.reduce((sum, entry) => sum + sizeOf(entry), 0),
    from: Math.min(...times),
    to: Math.max(...times),
  };
}

/** Cuts a draft wherever `kind` changes: order is kept, and no part has entries of two kinds. */
export function cutWhere(draft: Draft, kind: (time: number) => unknown): Draft[] {
  if (kind(draft.from) === kind(draft.to)) return [draft]; // what lies between is of that kind too
  const parts: Entry[][] = [];
  let last: unknown;
  for (const entry of draft.entries) {
    const next = kind(entry.event.time);
    if (parts.length === 0 || next !== last) parts.push([]);
    parts.at(-1)?.push(entry);
    last = next;
  }
  return parts.map(draftOf);
}
