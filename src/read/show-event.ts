import { toTime } from '../domain/encoding.ts';
import type { ShownHole } from './hole.ts';
import type { ReadEvent } from './read-event.ts';

/**
 * One event as a JSON text: its exact bytes, spliced in so that no number is rounded and no member is
 * reordered, and what the service knows beside them. A faulty line is escaped, never spliced.
 */
export function showEvent(event: ReadEvent): string {
  const about = JSON.stringify({
    received: toTime(event.received),
    late: event.late,
    client: event.client,
    producer: event.producer,
    seq: event.seq,
    batch: event.batch,
    ...(event.batchName === undefined ? {} : { batchName: event.batchName }),
    ...(event.revoked ? { revoked: true } : {}),
    ...(event.fault === undefined ? {} : faulty(event)),
  });
  if (event.fault !== undefined) return about;
  return `{"event":${event.line.toString('utf8')},${about.slice(1)}`;
}

/** `line`: the exact bytes, base64url. `text`: the same for the eye. */
function faulty({ id, time, fault, line }: ReadEvent) {
  return {
    id,
    time: toTime(time),
    faults: [fault],
    line: line.toString('base64url'),
    text: line.toString('utf8'),
  };
}

/** A batch that is missing from a page, as a line of NDJSON. */
export function showHoleLine(hole: ShownHole): Buffer {
  return Buffer.from(`${JSON.stringify({ sealtrail: { hole } })}\n`);
}

/** One line of NDJSON: the exact bytes, or, of a faulty line, an object with only the member `sealtrail`. */
export function showLine(event: ReadEvent): Buffer {
  if (event.fault === undefined) return Buffer.concat([event.line, Buffer.from('\n')]);
  const { id, faults, line } = faulty(event);
  return Buffer.from(`${JSON.stringify({ sealtrail: { id, faults, line } })}\n`);
}
