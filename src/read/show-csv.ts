import { toTime } from '../domain/encoding.ts';
import type { ReadEvent } from './read-event.ts';

/** What a column holds of an event; nothing of a faulty line but what is beside it. */
const columns: Readonly<Record<string, (read: ReadEvent) => unknown>> = {
  id: ({ id }) => id,
  time: ({ time }) => toTime(time),
  action: ({ event }) => event?.action,
  outcome: ({ event }) => event?.outcome,
  actor_type: ({ event }) => event?.actor.type,
  actor_id: ({ event }) => event?.actor.id,
  actor_name: ({ event }) => event?.actor.name,
  targets: ({ event }) => event?.targets.map(({ type, id }) => `${type}:${id}`).join(' '),
  reason: ({ event }) => event?.reason,
  ip: ({ event }) => event?.context?.ip,
  user_agent: ({ event }) => event?.context?.userAgent,
  request_id: ({ event }) => event?.context?.requestId,
  location: ({ event }) => event?.context?.location,
  correlation_id: ({ event }) => event?.correlationId,
  received: ({ received }) => toTime(received),
  late: ({ late }) => late,
  client: ({ client }) => client,
  producer: ({ producer }) => producer,
  seq: ({ seq }) => seq,
  batch: ({ batch }) => batch,
  revoked: ({ revoked }) => revoked,
  fault: ({ fault }) => fault,
  // Last, since it is long: the exact line, in which nothing is rounded or left out. A faulty one in base64url.
  line: ({ line, fault }) => line.toString(fault === undefined ? 'utf8' : 'base64url'),
};

/** The names of the columns, in their order. */
export const csvColumns: readonly string[] = Object.keys(columns);

export const csvHeader = `${csvColumns.join(',')}\r\n`;

/** One record of RFC 4180, with its CRLF. */
export function showCsv(event: ReadEvent): string {
  return `${Object.values(columns)
    .map((value) => field(value(event)))
    .join(',')}\r\n`;
}

/**
 * A field that a spreadsheet would take for a formula, with letters of full width too, gets an apostrophe before it
 * (https://owasp.org/www-community/attacks/CSV_Injection).
 */
function field(value: unknown): string {
  const text = String(value ?? '');
  const safe = /^[=+\-@\t\r\n＝＋－＠]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
