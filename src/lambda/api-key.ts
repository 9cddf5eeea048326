import { timingSafeEqual } from 'node:crypto';
import { type ApiKeyRecord, parseApiKey } from '../domain/api-key.ts';
import { SealtrailError } from '../domain/error.ts';
import { cached } from './cached.ts';
import { orUnavailable } from './or-unavailable.ts';

/** Who calls: by a key that was proved to be ours, or a token of an issuer that we trust. */
export interface Caller extends Pick<ApiKeyRecord, 'tenant' | 'client' | 'scopes'> {
  /** What requests are counted by: the key's id, or (`oidc.…`) one of issuer and client. */
  readonly keyId: string;
  /** Of a token: when it ends, epoch ms. */
  readonly expiresAt?: number;
}

interface ApiKeyOptions {
  readonly lookup: (keyId: string) => Promise<ApiKeyRecord | undefined>;
  /** Epoch ms. */
  readonly now: () => number;
}

/** A revoked key is refused everywhere within this time, ms. */
const freshMs = 30_000;
const maxEntries = 10_000;

/**
 * Authenticates an API key, with a cache of its own. A key that is malformed costs no look-up; whatever is
 * wrong with a key, the answer is the same `unauthenticated`.
 */
export function authenticateApiKey({
  lookup,
  now,
}: ApiKeyOptions): (text: string) => Promise<Caller> {
  const find = cached(lookup, { freshMs, maxEntries, now });
  return async (text) => {
    const key = parseApiKey(text);
    const record = key && (await orUnavailable('the registry', () => find(key.id)));
    const good =
      key !== undefined &&
      record !== undefined &&
      record.hash.length === key.hash.length &&
      timingSafeEqual(record.hash, key.hash) &&
      record.revoked === undefined;
    if (!good) throw new SealtrailError('unauthenticated', 'the key or token is not valid');
    return { keyId: key.id, tenant: record.tenant, client: record.client, scopes: record.scopes };
  };
}

/** RFC 6750 §2.1; the scheme's name in any case (RFC 9110 §11.1). */
const bearerPattern = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i;

/**
 * The token of exactly one Authorization header: an HTTP API joins two of them with a comma, which no
 * token contains. Throws `unauthenticated`.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
export function bearerToken(authorization: string | undefined): string {
  const token = bearerPattern.exec(authorization ?? '')?.[1];
  if (token === undefined)
    throw new SealtrailError(
      'unauthenticated',
      'exactly one Authorization header is needed: Bearer <API key or token>',
    );
  return token;
}
