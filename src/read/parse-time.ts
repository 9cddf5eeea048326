import { fromTime } from '../domain/encoding.ts';
import { SealtrailError } from '../domain/error.ts';

const absolute = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/;
const relative = /^-(\d{1,9})([smhdw])$/;
const units = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 };
/** Keys have years of four digits: a minute must still fit behind a time. */
export const lastTime = Date.parse('9999-12-31T23:58:59.999Z');

/** What a time parameter looks like. */
export const timeSyntax =
  'a time such as 2026-01-31T12:00:00Z, a day such as 2026-01-31, or how long ago, such as -24h (s, m, h, d, w)';

export function isRelative(text: string | undefined): boolean {
  return text?.startsWith('-') === true;
}

/** Epoch ms; undefined if there is no text. Throws `request-invalid`, naming the parameter. */
export function parseTime(name: string, text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  const ms = isRelative(text) ? timeAgo(text, now) : timeAt(text);
  if (Number.isNaN(ms) || ms < 0 || ms > lastTime)
    throw new SealtrailError('request-invalid', `${name} is ${timeSyntax}`);
  return ms;
}

function timeAgo(text: string, now: number): number {
  const [, amount, unit] = relative.exec(text) ?? [];
  return now - Number(amount) * units[unit as keyof typeof units];
}

function timeAt(text: string): number {
  const day = absolute.exec(text)?.[1];
  // Date.parse takes February 30 for March 2.
  const exists = day !== undefined && fromTime(`${day}T00:00:00.000Z`) !== undefined;
  return exists ? Date.parse(text) : Number.NaN;
}
