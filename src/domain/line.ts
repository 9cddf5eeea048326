import { toTime } from './encoding.ts';
import { type Event, eventSchema } from './event.ts';
import { countOutermost, type JsonFault, parseJson } from './json.ts';
import { timeOfUuid, uuidV7Pattern } from './uuid.ts';

/** Why a line of a signed batch is not a valid event. It is kept, byte for byte, and shown with this. */
export type LineFault = 'utf8' | 'bom' | 'time' | 'schema' | Exclude<JsonFault, 'syntax'>;

/** What a line says. Without exactly one valid id it has no time, and no place in the log. */
export type Line =
  | { readonly kind: 'event'; readonly id: string; readonly time: number; readonly event: Event }
  | {
      readonly kind: 'faulty';
      readonly id: string;
      readonly time: number;
      readonly fault: LineFault;
    }
  | { readonly kind: 'no-id' };

/** Reads one line (without its LF). `time` is the id's timestamp, epoch ms. Never throws. */
export function readLine(bytes: Buffer): Line {
  let text = bytes.toString('utf8');
  let fault: LineFault | undefined;
  if (text.charCodeAt(0) === 0xfeff) {
    text = text.slice(1);
    fault = 'bom';
  } else if (text.includes('\ufffd') && !Buffer.from(text).equals(bytes)) {
    fault = 'utf8';
  }
  const json = parseJson(text);
  const id = idOf(json.value);
  // A text without a fault has no key twice.
  if (id === undefined || (!json.ok && countOutermost(text, 'id') > 1)) return { kind: 'no-id' };
  const time = timeOfUuid(id);
  if (fault === undefined && !json.ok) fault = json.fault === 'syntax' ? undefined : json.fault;
  if (fault !== undefined) return { kind: 'faulty', id, time, fault };
  const result = eventSchema.safeParse(json.value);
  if (!result.success) return { kind: 'faulty', id, time, fault: 'schema' };
  if (toTime(time) !== result.data.time) return { kind: 'faulty', id, time, fault: 'time' };
  return { kind: 'event', id, time, event: result.data };
}

/** The latest time that four digits of a year can say: 9999-12-31T23:59:59.999Z. */
const lastTime = 253_402_300_799_999;

function idOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, 'id')) return undefined;
  const { id } = value as { id: unknown };
  if (typeof id !== 'string' || !uuidV7Pattern.test(id)) return undefined;
  return timeOfUuid(id) <= lastTime ? id : undefined;
}
