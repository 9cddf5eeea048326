import { sha256 } from '../domain/encoding.ts';
import type { ErrorCode } from '../domain/error.ts';
import type { Arrived } from './arrived.ts';

/** Something that was not stored: raw, with the reason, and whose it is as far as that is proved. */
export interface SetAside {
  readonly arrived: Arrived;
  readonly code: ErrorCode;
  readonly reason: string;
  /** Only if a valid signature under this tenant's grant was seen. */
  readonly tenant: string | undefined;
}

/** Writes an object; must be durable when it resolves. */
export type PutObject = (key: string, body: string) => Promise<void>;

/**
 * Writes what an invocation set aside as one object: NDJSON, a record a line, its bytes in base64. The
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
  const day = new Date(first.arrived.arrival).toISOString().slice(0, 10).replaceAll('-', '/');
  const { shard, sequenceNumber } = first.arrived;
  const range = `${sequenceNumber}-${last.arrived.sequenceNumber}`;
  const key = `${day}/${shard}/${range}${companyOf(records)}.ndjson`;
  await put(key, records.map((record) => `${JSON.stringify(describe(record))}\n`).join(''));
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

function describe({ arrived, code, reason, tenant }: SetAside) {
  return {
    code,
    reason,
    ...(tenant === undefined ? {} : { tenant }),
    arrival: new Date(arrived.arrival).toISOString(),
    shard: arrived.shard,
    sequenceNumber: arrived.sequenceNumber,
    partitionKey: arrived.partitionKey,
    ...(arrived.attempts === undefined ? {} : { attempts: arrived.attempts }),
    record: arrived.data.toString('base64'),
  };
}
