import type { ApiKeyRecord } from '../domain/api-key.ts';
import { SealtrailError } from '../domain/error.ts';
import { bearerToken } from '../lambda/api-key.ts';
import { cached } from '../lambda/cached.ts';
import { orUnavailable } from '../lambda/or-unavailable.ts';
import type { Authenticate } from './access.ts';
import { isViewerToken, readViewerToken } from './viewer-token.ts';

interface AuthenticateViewerOptions {
  readonly byKey: Authenticate;
  readonly viewerSecret: () => Promise<Buffer>;
  readonly lookup: (keyId: string) => Promise<ApiKeyRecord | undefined>;
  /** Epoch ms. */
  readonly now: () => number;
}

/** Of an API key. */
const keyIdPattern = /^[a-z0-9]{4,32}$/;
/** A token whose key was revoked is refused everywhere within this time, ms. */
const freshMs = 30_000;

/** Takes viewer tokens, and whatever else `byKey` takes. Throws `unauthenticated` for one that is not good. */
export function authenticateViewer({
  byKey,
  viewerSecret,
  lookup,
  now,
}: AuthenticateViewerOptions): Authenticate {
  const find = cached(lookup, { freshMs, maxEntries: 10_000, now });

  // Who was let in by another issuer's token has no key that could be revoked here.
  async function isGood(keyId: string): Promise<boolean> {
    if (!keyIdPattern.test(keyId)) return true;
    const record = await orUnavailable('the registry', () => find(keyId));
    return record !== undefined && record.revoked === undefined;
  }

  return async (request) => {
    const token = bearerToken(request.headers['authorization']);
    if (!isViewerToken(token)) return byKey(request);
    const content = readViewerToken(token, await viewerSecret(), now());
    const { tenant, keyId, client, id, filter, from, to, proof } = content;
    if (!(await isGood(keyId)))
      throw new SealtrailError('unauthenticated', 'the key that made the viewer token is revoked');
    return {
      tenant,
      keyId,
      client,
      viewer: id,
      bounds: { filter, from, to, ...(proof && { proof }) },
    };
  };
}
