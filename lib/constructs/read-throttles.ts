import type { Settings } from '../settings.ts';

export interface Throttle {
  /** Requests a second, in the long run. */
  readonly rate: number;
  /** Requests at once. */
  readonly burst: number;
}

/**
 * The longest that a read may take, s: the function's time-out. Its code stops before that (`src/read/within-time.ts`),
 * so that what a reader asked is answered and counted.
 */
export const longestReadSeconds = 15;

/** The part of all reads that may go to each route; together 1. */
const shares: Readonly<Record<string, number>> = {
  'GET /v1/events': 0.4,
  'GET /v1/events/{id}': 0.16,
  'GET /v1/events/{id}/proof': 0.08,
  'GET /v1/stats': 0.1,
  'GET /v1/batches': 0.08,
  'GET /v1/feed': 0.06,
  'POST /v1/viewer-tokens': 0.04,
  'GET /v1/producers': 0.04,
  'GET /v1/quarantine': 0.04,
};

/** Routes that read nothing, and what they take of a second at most: a cold start. */
const pages = ['GET /', 'GET /v1/openapi.json'];
const longestPageSeconds = 1;
/** The part of the reads' concurrency that is kept for pages. */
const pagesShare = 0.12;

/** Twice the rate may come at once. */
const burstSeconds = 2;

/**
 * The read API's routes, each with what API Gateway lets through to it.
 *
 * A route's reads are under way `rate` × (the longest that one takes + `burstSeconds`) times at most. By default the
 * sum of them is half of the account's concurrency, less what is reserved of it: so the token service, the consumer and
 * whatever else runs in the account keep the other half, however long every read takes. Where concurrency is reserved
 * for the read function, Lambda holds it to that, and the throttle is that of all other routes.
 */
export function readThrottles(settings: Settings): Readonly<Record<string, Throttle>> {
  const { reservedConcurrency: reserved, readsPerSecond } = settings;
  if (reserved.read !== undefined && readsPerSecond === undefined) {
    const throttle = { rate: settings.requestsPerSecond, burst: settings.requestBurst };
    return Object.fromEntries([...Object.keys(shares), ...pages].map((key) => [key, throttle]));
  }
  const half = (settings.accountConcurrency - (reserved.token ?? 0) - (reserved.consumer ?? 0)) / 2;
  const all = readsPerSecond ?? (half * (1 - pagesShare)) / (longestReadSeconds + burstSeconds);
  const page = (half * pagesShare) / pages.length / (longestPageSeconds + burstSeconds);
  return Object.fromEntries([
    ...Object.entries(shares).map(([key, share]) => [key, throttleOf(all * share)]),
    ...pages.map((key) => [key, throttleOf(page)]),
  ]);
}

function throttleOf(perSecond: number): Throttle {
  const rate = Math.max(1, Math.floor(perSecond));
  return { rate, burst: Math.min(rate * burstSeconds, 5000) };
}
