import { sha256 } from '../domain/encoding.ts';
import type { HttpRequest, HttpResponse } from '../lambda/http.ts';

/**
 * A strong ETag (RFC 9110 §8.8.3) over the very bytes of the answer; 304 if the caller has them already. That saves
 * the answer, not the reading: a batch may arrive as late as it is kept, so no page is ever settled for good.
 */
export function withEtag({ headers }: HttpRequest, response: HttpResponse): HttpResponse {
  const order = response.headers?.['sealtrail-order'] ?? '';
  const digest = sha256(Buffer.concat([Buffer.from(`${order}\n`), Buffer.from(response.body)]));
  const etag = `"${digest.toString('base64url').slice(0, 32)}"`;
  const answer = { ...response, headers: { ...response.headers, etag } };
  const known = (headers['if-none-match'] ?? '').split(',').map((text) => text.trim());
  const isKnown = known.some((text) => text === '*' || text.replace(/^W\//, '') === etag);
  return isKnown ? { ...answer, status: 304, body: '' } : answer;
}
