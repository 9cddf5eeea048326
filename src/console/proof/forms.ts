/** The forms of what a manifest, a grant and a proof hold (FORMAT.md). */
export const idForm = /^[A-Za-z0-9._-]{1,64}$/;
/** 32 bytes, base64url. */
export const digestForm = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;
export const uuidV7Form = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export const isText = (value: unknown, form: RegExp): value is string =>
  typeof value === 'string' && form.test(value);

export const isWhole = (value: unknown, least: number, most: number): value is number =>
  Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most;

/** Whether an object has exactly these members, in this order. */
export const hasMembers = (value: unknown, names: string): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && Object.keys(value).join(' ') === names;

/** Epoch ms of a time that exists, in the one form that a time has; undefined for any other value. */
export function timeOf(value: unknown): number | undefined {
  if (!isText(value, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)) return undefined;
  const ms = Date.parse(value);
  return !Number.isNaN(ms) && new Date(ms).toISOString() === value ? ms : undefined;
}
