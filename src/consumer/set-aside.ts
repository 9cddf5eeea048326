import { sha256 } from '../domain/encoding.ts';
import type { ErrorCode } from '../domain/error.ts';
import type { Arrived } from './arrived.ts';

/** Something that was not stored: raw, with the reason, and whose it is as far as that is proved. */
export interface SetAside {
  readonly arrived: Arrived;
  readonly code: ErrorCode;
  readonly reason: string;
  /** Only if the record bears a valid signature under this tenant's grant, and the body has the root that it covers. */
  readonly tenant: string | undefined;
}

/** Writes an object; must be durable when it resolves. */
export type PutObject = (key: string, body: string) => Promise<void>;

/**
 * Writes what an invocation set aside for later as one object: NDJSON, a record a line, its bytes in base64. The
 * key is made of the records' own place on the stream, so that a repeated invocation writes the same
 * object again instead of another one.
 *
 * Redriven records come in whatever company they were chosen in, so two objects may begin and end alike and
 * differ between. A digest of what is in it keeps one from replacing the other: nothing is lost so.
 */
export async function setAside(records: readonly SetAside[], put: PutObject): Promise<void> {
  const first = records[0];
  const last = records.at(-1);
  if (first === undefined || last === undefined) return;
  const { shard, sequenceNumber } = first.arrived;
  const range = `${sequenceNumber}-${last.arrived.sequenceNumber}`;
  const key = `${dayPath(first.arrived)}/${shard}/${range}${companyOf(records)}.ndjson`;
  await put(key, records.map((record) => lineOf(record)).join(''));
}

/** The day of a record's arrival, UTC: `2026/03/01`. */
export function dayPath({ arrival }: Arrived): string {
  return new Date(arrival).toISOString().slice(0, 10).replaceAll('-', '/');
}

function companyOf(records: readonly SetAside[]): string {
  if (records.every(({ arrived }) => arrived.attempts === undefined)) return '';
  const all = records.map(({ arrived }) => [
    arrived.shard,
    arrived.sequenceNumber,
    arrived.attempts ?? 0,
  ]);
  return `-redriven-${sha256(JSON.stringify(all)).toString('hex').slice(0, 16)}`;
}

/** A record as a line of an object. `copies`: how many of it came at once, this one included. */
export function lineOf({ arrived, code, reason, tenant }: SetAside, copies = 1): string {
  const line = {
    code,
    reason,
    ...(tenant === undefined ? {} : { tenant }),
    arrival: new Date(arrived.arrival).toISOString(),
    shard: arrived.shard,
    sequenceNumber: arrived.sequenceNumber,
    partitionKey: arrived.partitionKey,
    ...(arrived.attempts === undefined ? {} : { attempts: arrived.attempts }),
    ...(copies === 1 ? {} : { copies }),
    record: arrived.data.toString('base64'),
  };
  return `${JSON.stringify(line)}\n`;
}
