import { fromTime, toTime } from '../domain/encoding.ts';
import { SealtrailError } from '../domain/error.ts';
import { type Event, eventSchema } from '../domain/event.ts';
import { limits } from '../domain/limits.ts';
import { timeOfUuid, uuidV7Pattern } from '../domain/uuid.ts';
import { adviceOn, type TimeBounds, untimely } from './event-time.ts';
import { findLoss } from './find-loss.ts';

/** An event as it is given to `record`. `id`, `time`, `targets` and `outcome` have defaults. */
export type EventInput = Omit<Event, 'id' | 'time' | 'targets' | 'outcome'> &
  Partial<Pick<Event, 'id' | 'time' | 'targets' | 'outcome'>>;

/** An event without its stamp, which is not taken from outside unchecked. */
const contentSchema = eventSchema.omit({ id: true, time: true });
type Content = Omit<Event, 'id' | 'time'>;

/** An event ready to be sealed. */
export interface PreparedEvent {
  readonly id: string;
  /** Epoch ms: the id's timestamp. */
  readonly time: number;
  /** The exact bytes that are sealed, without LF. Let go of once they are in a batch's body. */
  line: Buffer;
  /** Its id and time are ours, and taken from a clock that had not yet been compared to the server's. */
  readonly provisional: boolean;
}

export interface PrepareContext extends TimeBounds {
  /** UUIDv7 of an epoch ms. */
  readonly mint: (ms: number) => string;
}

/**
 * Fills in what is missing, checks everything, and writes the line, once. `targets` defaults to none,
 * `outcome` to `success`. Throws `event-invalid`, which names the member and what to do.
 */
export function prepareEvent(input: EventInput, context: PrepareContext): PreparedEvent {
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    throw invalid('event', 'give an object with at least action and actor');
  const loss = findLoss(input);
  if (loss !== undefined) throw invalid(loss.path.join('.') || 'event', loss.advice);
  const { id, time } = stamp(input, context);
  const content = contentOf(input);
  const result = contentSchema.safeParse(content);
  if (!result.success) throw invalidBy(result.error.issues);
  // id and time come first and have fixed lengths: `restamp` relies on it.
  const start = `{"id":"${id}","time":"${timeText(time)}",`;
  const line = Buffer.from(start + JSON.stringify(content).slice(1));
  if (line.length > limits.line)
    throw invalid(
      'event',
      `${line.length} bytes as JSON, at most ${limits.line}; keep large values elsewhere and name them here`,
    );
  const provisional = input.id === undefined && input.time === undefined && !context.synced;
  return { id, time, line, provisional };
}

/** All but the stamp. Copying a plain object is fast only if nothing stands before the spread. */
function contentOf(input: EventInput): Content {
  if (!('id' in input) && !('time' in input))
    return { ...input, targets: input.targets ?? [], outcome: input.outcome ?? 'success' };
  const { id, time, ...content } = input;
  return contentOf(content);
}

let lastTime = { ms: Number.NaN, text: '' };

/** Events of the same millisecond come in a row, and writing a time costs half a microsecond. */
function timeText(ms: number): string {
  if (lastTime.ms !== ms) lastTime = { ms, text: toTime(ms) };
  return lastTime.text;
}

/** The event's id and time (epoch ms): what the caller gave, the rest made to fit. */
function stamp(input: EventInput, context: PrepareContext): { id: string; time: number } {
  if (input.id === undefined && input.time === undefined)
    return { id: context.mint(context.now), time: context.now };
  const time = input.time === undefined ? undefined : fromTime(String(input.time));
  if (input.time !== undefined && (time === undefined || time < 0))
    throw invalid('time', 'give RFC 3339 in UTC with milliseconds, as Date.toISOString() does');
  const problem = time === undefined ? undefined : timeProblem(time, context);
  if (problem !== undefined) throw problem;
  if (input.id === undefined) return { id: context.mint(time ?? context.now), time: time ?? 0 };
  if (!uuidV7Pattern.test(String(input.id)))
    throw invalid('id', 'give a UUIDv7 in lower case, or leave it out');
  const idTime = timeOfUuid(input.id);
  if (time === undefined && idTime <= 253_402_300_799_999)
    return stamp({ ...input, time: toTime(idTime) }, context);
  if (time !== idTime)
    throw invalid(
      'id',
      'its timestamp must be the time of the event; give only one of id and time',
    );
  return { id: input.id, time };
}

const idAt = '{"id":"'.length;
const timeAt = idAt + 36 + '","time":"'.length;

/** A provisional event, stamped anew with the server's time. Writes into its line. */
export function restamp(event: PreparedEvent, time: number, id: string): PreparedEvent {
  event.line.write(id, idAt, 'latin1');
  event.line.write(toTime(time), timeAt, 'latin1');
  return { id, time, line: event.line, provisional: false };
}

/** `event-invalid` if the store would not take an event of this time. */
export function timeProblem(time: number, bounds: TimeBounds): SealtrailError | undefined {
  const why = untimely(time, bounds);
  return why === undefined ? undefined : invalid('time', adviceOn(why, time, bounds));
}

function invalid(path: string, advice: string): SealtrailError {
  return new SealtrailError('event-invalid', `${path}: ${advice}`);
}

interface Issue {
  readonly code?: string;
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly keys?: readonly string[];
}

function invalidBy(issues: readonly Issue[]): SealtrailError {
  const problems = issues.slice(0, 5).map((issue) => {
    const path = issue.path.map(String).join('.') || 'event';
    if (issue.keys === undefined) return `${path}: ${issue.message}`;
    return `${path}: there is no member ${issue.keys.join(', ')}; your own data goes under metadata`;
  });
  return new SealtrailError('event-invalid', problems.join('; '));
}
