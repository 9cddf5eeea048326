import type { HttpRequest } from '../lambda/http.ts';

/**
 * `Link` to the next page: the same question but for these parameters. It is relative to the request's own URL
 * (RFC 8288, section 3.1; RFC 3986, section 5.2), of which a function does not know all: a mapping's base path, or
 * another host in front.
 */
export function linkToNext(
  { query }: HttpRequest,
  change: Readonly<Record<string, string>>,
): string {
  const params = new URLSearchParams(query);
  for (const [name, value] of Object.entries(change)) params.set(name, value);
  return `<?${params}>; rel="next"`;
}
