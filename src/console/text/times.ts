export type Zone = 'utc' | 'local';

const two = (value: number) => String(value).padStart(2, '0');

/** `2026-01-31 12:00:00.123`, in UTC or in this browser's own zone. */
export function formatTime(ms: number, zone: Zone): string {
  const at = new Date(ms);
  if (zone === 'utc') return at.toISOString().replace('T', ' ').replace('Z', '');
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const clock = [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(':');
  return `${day} ${clock}.${String(at.getMilliseconds()).padStart(3, '0')}`;
}

const units = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1000, 's'],
] as const;

/** `5 min`, `2 h`, `3 d`: the largest whole unit; `now` below a second. */
export function formatSpan(ms: number): string {
  const size = Math.abs(ms);
  for (const [unit, name] of units) if (size >= unit) return `${Math.floor(size / unit)} ${name}`;
  return 'now';
}

const relative = /^-(\d{1,6})([smhdw])$/;
const relativeMs: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** Epoch ms of a time as the API takes it; undefined for none or one that cannot be read. */
export function toMs(text: string, now: number): number | undefined {
  const [, amount, unit = ''] = relative.exec(text) ?? [];
  if (amount !== undefined) return now - Number(amount) * (relativeMs[unit] ?? 0);
  const ms = text === '' ? Number.NaN : Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

/** RFC 3339 as the API takes it. */
export function toTimeText(ms: number): string {
  return new Date(ms).toISOString();
}
