import {
  type CryptoKey,
  createLocalJWKSet,
  errors,
  type JSONWebKeySet,
  type JWSHeaderParameters,
} from 'jose';
import { SealtrailError } from '../domain/error.ts';

interface OidcKeysOptions {
  /** Fetches the issuer's keys; throws if that does not succeed in time. */
  readonly load: () => Promise<JSONWebKeySet>;
  /** Epoch ms. */
  readonly now: () => number;
}

/** Finds the key that a token's header names. */
export type FindKey = (header: JWSHeaderParameters) => Promise<CryptoKey>;

/** Keys are asked for again after this: a key that its issuer withdrew is good for so long, ms. */
const freshMs = 10 * 60_000;
/** While the issuer does not answer, the keys known go on for this long, ms. */
const staleMs = 24 * 3_600_000;
/** Between two requests, ms, whatever kids are named: so late is a new key seen at worst. */
const cooldownMs = 30_000;
/** The same while there are no keys to go on with: every request then waits for it, ms. */
const retryMs = 2000;

/**
 * The keys of one issuer, kept. (jose's own remote set asks at every request while the issuer is down, and has
 * nothing to go on with then.) One request is under way at most. Throws jose's error if there is no such key, and
 * `unavailable` if that cannot be told: no keys were ever had, or the issuer did not answer when asked for a new one.
 */
export function oidcKeys({ load, now }: OidcKeysOptions): FindKey {
  let known: { readonly find: FindKey; readonly at: number } | undefined;
  let triedAt = Number.NEGATIVE_INFINITY;
  let failure: unknown;
  let loading: Promise<void> | undefined;

  const age = () => (known === undefined ? Number.POSITIVE_INFINITY : now() - known.at);

  async function attempt(): Promise<void> {
    try {
      known = { find: createLocalJWKSet(await load()), at: now() };
      failure = undefined;
    } catch (error) {
      failure = error;
    }
    triedAt = now();
    loading = undefined;
  }

  /** Asks again, or waits for whoever does, unless that was done a moment ago. */
  async function refresh(): Promise<void> {
    const pause = age() < staleMs ? cooldownMs : retryMs;
    if (loading === undefined && now() - triedAt < pause) return;
    loading ??= attempt();
    await loading;
  }

  return async (header) => {
    if (age() >= freshMs) await refresh();
    if (known === undefined || age() >= staleMs) throw unavailable(failure);
    try {
      return await known.find(header);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      await refresh();
      if (failure !== undefined) throw unavailable(failure);
      return known.find(header);
    }
  };
}

function unavailable(cause: unknown): SealtrailError {
  return new SealtrailError(
    'unavailable',
    'the keys of the token’s issuer cannot be fetched; try again',
    { cause },
  );
}
