import { SealtrailError } from '../domain/error.ts';
import { idPattern } from '../domain/limits.ts';
import { bearerToken, type Caller } from '../lambda/api-key.ts';
import type { HttpRequest } from '../lambda/http.ts';
import type { Bounds } from './bounds.ts';
import { isViewerToken } from './viewer-token.ts';

/** Who reads: the holder of a key or token with `read` scope, of one tenant or (`*`) of all. */
export interface Reader {
  readonly tenant: string;
  /** Of the key that reads, or that made the viewer token which does. */
  readonly keyId: string;
  readonly client: string;
  /** Of an OpenID token: when it ends, epoch ms. */
  readonly expiresAt?: number;
  /** A viewer token: its id, and what it is kept to. */
  readonly viewer?: string;
  readonly bounds?: Bounds;
}

export type Authenticate = (request: HttpRequest) => Promise<Reader>;

/** Throws `unauthenticated` for a key or token that is not good, `forbidden` for one without `read` scope. */
export function authenticateReader(by: (token: string) => Promise<Caller>): Authenticate {
  return async ({ headers }) => {
    const token = bearerToken(headers['authorization']);
    if (isViewerToken(token))
      throw new SealtrailError('forbidden', 'a viewer token reads events only');
    const caller = await by(token);
    if (!caller.scopes.has('read'))
      throw new SealtrailError('forbidden', 'this key or token has no read scope');
    return caller;
  };
}

/** The tenant whose log is read: the key's own, or the one that a key over all tenants names. */
export function tenantOf(reader: Reader, named: string | undefined): string {
  if (named !== undefined && !idPattern.test(named))
    throw new SealtrailError('request-invalid', 'tenant is not a tenant id');
  if (reader.tenant !== '*') {
    if (named !== undefined && named !== reader.tenant)
      throw new SealtrailError('forbidden', 'this key or token reads another tenant');
    return reader.tenant;
  }
  if (named === undefined)
    throw new SealtrailError(
      'request-invalid',
      'this key or token reads all tenants: name one with tenant=',
    );
  return named;
}
