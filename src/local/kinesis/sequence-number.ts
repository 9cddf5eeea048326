/**
 * Sequence numbers: 56 decimal digits, as long as the real ones and, like them, ordered first by the time
 * their shard began and then by their place in it. So they increase within a shard, a child's are above its
 * parents', and no two records of a stream share one; as strings of one length, they also sort as text.
 *
 *     49 | shard began, ms (14) | place in the shard (16) | arrival, ms (14) | shard's number (10)
 */
const pattern = /^49(\d{14})(\d{16})(\d{14})(\d{10})$/;

/** The place that a closed shard's ending sequence number has: beyond any record's. */
export const lastPlace = 9_007_199_254_740_991;

/** The shard a sequence number came from, and where in it. */
export interface SequencePosition {
  readonly began: number;
  readonly shard: number;
  readonly place: number;
}

export function formatSequenceNumber(position: SequencePosition, arrival: number): string {
  const { began, place, shard } = position;
  return `49${digits(began, 14)}${digits(place, 16)}${digits(arrival, 14)}${digits(shard, 10)}`;
}

export function parseSequenceNumber(text: string): SequencePosition | undefined {
  const found = pattern.exec(text);
  if (found === null) return undefined;
  const [, began, place, , shard] = found;
  return { began: Number(began), place: Number(place), shard: Number(shard) };
}

const digits = (value: number, length: number) => String(value).padStart(length, '0');
