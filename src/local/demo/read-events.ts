import { readFile } from 'node:fs/promises';
import { toTime } from '../../domain/encoding.ts';
import { type Event, eventSchema } from '../../domain/event.ts';
import { limits } from '../../domain/limits.ts';
import { readLine } from '../../domain/line.ts';
import { timeOfUuid, uuidSource, uuidV7Pattern } from '../../domain/uuid.ts';
import { mapCloudTrail } from './map-cloudtrail.ts';

/** A line of a file that is no valid event. */
interface Rejected {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly reason: string;
}

export interface FileEvents {
  /** By time, so that batches span little. */
  readonly events: readonly Event[];
  readonly rejected: readonly Rejected[];
}

/**
 * Reads files of NDJSON, an event (or, mapped, a CloudTrail record) a line. What is missing is filled in:
 * an id from the event's time, a time from now. Every line that is not valid is reported, none stops the rest.
 */
export async function readEvents(
  files: readonly string[],
  map: 'cloudtrail' | undefined,
  now: () => number,
): Promise<FileEvents> {
  const mint = uuidSource();
  const complete =
    map === 'cloudtrail' ? mapCloudTrail : (value: unknown) => fillIn(value, mint, now);
  const events: Event[] = [];
  const rejected: Rejected[] = [];
  for (const file of files) {
    for (const { line, text } of recordsOf(await readFile(file, 'utf8'), map)) {
      try {
        events.push(check(complete(parse(text))));
      } catch (error) {
        rejected.push({
          file,
          line,
          reason: error instanceof Error ? error.message : String(error),
        });
      }
    }
  }
  events.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  return { events, rejected };
}

/** One record a line, or all in one `{"Records": […]}` (whatever its line breaks). */
function* recordsOf(
  content: string,
  map: string | undefined,
): Generator<{ line: number; text: unknown }> {
  const records = map === 'cloudtrail' ? wholeTrail(content) : undefined;
  if (records !== undefined) {
    for (const [i, record] of records.entries()) yield { line: i + 1, text: record };
    return;
  }
  for (const [i, text] of content.split('\n').entries()) {
    if (text.trim() !== '') yield { line: i + 1, text };
  }
}

function wholeTrail(content: string): unknown[] | undefined {
  if (!/^\s*\{\s*"Records"\s*:/.test(content)) return undefined;
  const { Records } = JSON.parse(content) as { Records: unknown };
  return Array.isArray(Records) ? Records : undefined;
}

function parse(text: unknown): unknown {
  if (typeof text !== 'string') return text;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new TypeError('not JSON', { cause });
  }
}

function fillIn(value: unknown, mint: (ms: number) => string, now: () => number): Event {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new TypeError('not a JSON object');
  const given = value as Partial<Event>;
  const fromId = uuidV7Pattern.test(String(given.id)) ? timeOfUuid(String(given.id)) : undefined;
  const parsed = given.time === undefined ? (fromId ?? now()) : Date.parse(String(given.time));
  if (Number.isNaN(parsed)) throw new TypeError('time: not a time (RFC 3339)');
  const { id = mint(parsed), time: _, targets = [], outcome = 'success', ...rest } = given;
  return { id, time: toTime(parsed), ...rest, targets, outcome } as Event;
}

/** What the consumer will say of it, said now. */
function check(event: Event): Event {
  const bytes = Buffer.from(JSON.stringify(event));
  if (bytes.length > limits.line)
    throw new TypeError(`${bytes.length} bytes as an event; at most ${limits.line}`);
  const shape = eventSchema.safeParse(event);
  if (!shape.success)
    throw new TypeError(
      shape.error.issues
        .map(({ path, message }) => `${path.join('.') || 'event'}: ${message}`)
        .join('; '),
    );
  const line = readLine(bytes);
  if (line.kind === 'event') return event;
  throw new TypeError(
    line.kind === 'no-id' ? 'id: not a UUIDv7' : `not a valid event (${line.fault})`,
  );
}
