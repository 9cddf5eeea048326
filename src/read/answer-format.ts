import { SealtrailError } from '../domain/error.ts';
import type { HttpRequest } from '../lambda/http.ts';

/** How events are answered, each with its media type. */
export const formats = {
  json: 'application/json',
  ndjson: 'application/x-ndjson',
  csv: 'text/csv',
} as const;
export type Format = keyof typeof formats;

const any = /^(\*\/\*|application\/\*)$/;

/** `format`, which a browser's link can carry, or else Accept; JSON unless one is named. Throws `not-acceptable`. */
export function formatOf({ query, headers }: HttpRequest): Format {
  const named = query.get('format');
  if (named !== null) {
    if (isFormat(named)) return named;
    throw new SealtrailError(
      'request-invalid',
      `format is one of ${Object.keys(formats).join(', ')}`,
    );
  }
  const accepted = (headers['accept'] ?? '*/*')
    .split(',')
    .map((part) => (part.split(';')[0] ?? '').trim());
  for (const format of ['ndjson', 'csv'] as const)
    if (accepted.includes(formats[format])) return format;
  if (accepted.some((type) => type === formats.json || any.test(type))) return 'json';
  throw new SealtrailError('not-acceptable', `answers are ${Object.values(formats).join(', ')}`);
}

function isFormat(text: string): text is Format {
  return Object.hasOwn(formats, text);
}
