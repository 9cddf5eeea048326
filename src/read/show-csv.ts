import { toTime } from '../domain/encoding.ts';
import type { ShownHole } from './hole.ts';
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
  // Last, since it is long: the exact line, in which nothing is rounded or left out.
  line: exactLine,
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
 * A batch that is missing from a page: a record with its name and the code as `fault`, and else empty.
 */
export function showCsvHole({ batch, code }: ShownHole): string {
  const known: Readonly<Record<string, unknown>> = { batch, fault: code };
  return `${csvColumns.map((name) => field(known[name])).join(',')}\r\n`;
}

/**
 * What an event takes of an answer's budget, bytes. A budget is for what may be twice as long in the answer (`answerSize`);
 * CSV is answered in base64, four thirds of its bytes.
 */
export function csvSize(event: ReadEvent): number {
  return Math.ceil((Buffer.byteLength(showCsv(event)) * 2) / 3);
}

/**
 * Begins a formula: of a field, with letters of full width too, and of what would begin a field where `;` or a tab separates
 * them, as in many countries' spreadsheets. There our quotes are no help, since they begin within a field, and `"=` may
 * be read as `=` (https://owasp.org/www-community/attacks/CSV_Injection).
 */
const formula = /^(?=[=+\-@\t\r\n＝＋－＠])|(?<=[;\t])(?="*[=+\-@\t\r\n＝＋－＠])/g;

/** Before what a spreadsheet would take for a formula there is an apostrophe. */
function field(value: unknown): string {
  const safe = String(value ?? '').replace(formula, "'");
  return /[",;\t\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** The exact line; in base64url where it is faulty, or an apostrophe would have to be put into it. */
function exactLine({ line, fault }: ReadEvent): string {
  const text = line.toString('utf8');
  return fault === undefined && text.search(formula) === -1 ? text : line.toString('base64url');
}
