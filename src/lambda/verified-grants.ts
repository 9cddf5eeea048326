import type { KeyObject } from 'node:crypto';
import { codeOf } from '../domain/error.ts';
import { type VerifiedGrant, verifyGrant } from '../domain/grant.ts';

/** A grant that the issuer signed, and how it ended. */
export interface KnownGrant extends VerifiedGrant {
  /** From when on it no longer holds, epoch ms. */
  readonly revokedAt: number | undefined;
  /** From when on nothing new is let in under it, epoch ms. What was sealed under it stays what it is. */
  readonly stoppedAt: number | undefined;
  /** When these were looked up, epoch ms. */
  readonly checkedAt: number;
  /** The grant as it was issued. */
  readonly jwt: string;
}

export interface VerifiedGrantsOptions {
  /** Strongly consistent: a grant issued a moment ago is found. */
  readonly find: (
    ids: string[],
  ) => Promise<
    ReadonlyMap<
      string,
      { readonly jwt: string; readonly revokedAt?: number; readonly stoppedAt?: number }
    >
  >;
  readonly issuer: () => Promise<{ name: string; keys: ReadonlyMap<string, KeyObject> }>;
  /** Epoch ms. */
  readonly now: () => number;
}

/** A grant is looked up again after this long, so that a revocation or stop is seen within it, ms. */
const freshMs = 30_000;
const maxCached = 10_000;

/**
 * Looks grants up and verifies them, with a bounded cache: the distinct unknown ones of a call in one
 * look-up, misses not kept. A grant that is unknown, or that the issuer did not sign, is left out of
 * the answer. Throws only when the look-up itself fails.
 */
export function verifiedGrants({ find, issuer, now }: VerifiedGrantsOptions) {
  const cache = new Map<string, { grant: KnownGrant; until: number }>();

  return async (ids: Iterable<string>): Promise<Map<string, KnownGrant>> => {
    const known = new Map<string, KnownGrant>();
    const unknown: string[] = [];
    for (const id of new Set(ids)) {
      const entry = cache.get(id);
      if (entry !== undefined && entry.until > now()) known.set(id, entry.grant);
      else unknown.push(id);
    }
    if (unknown.length === 0) return known;
    const checkedAt = now();
    const [rows, keys] = await Promise.all([find(unknown), issuer()]);
    for (const [id, row] of rows) {
      const grant = verified(row.jwt, id, keys);
      if (grant === undefined) continue;
      const { jwt, revokedAt, stoppedAt } = row;
      const entry = { ...grant, revokedAt, stoppedAt, checkedAt, jwt };
      known.set(id, entry);
      if (cache.size >= maxCached) cache.clear();
      cache.set(id, { grant: entry, until: now() + freshMs });
    }
    return known;
  };
}

function verified(
  jwt: string,
  id: string,
  issuer: { name: string; keys: ReadonlyMap<string, KeyObject> },
): VerifiedGrant | undefined {
  try {
    const grant = verifyGrant(jwt, issuer);
    return grant.jti === id ? grant : undefined;
  } catch (error) {
    if (codeOf(error) === 'grant-invalid') return undefined;
    throw error;
  }
}
