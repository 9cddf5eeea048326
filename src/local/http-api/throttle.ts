export interface Throttle {
  /** Requests a second, in the long run. */
  readonly rate: number;
  /** Requests at once. */
  readonly burst: number;
}

/**
 * Token buckets, one a route, as API Gateway's stage settings for every route are
 * (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html).
 *
 * @param now milliseconds that only grow
 * @returns whether one more request for a route may pass
 */
export function createBuckets(
  { rate, burst }: Throttle,
  now: () => number = () => performance.now(),
): (route: string) => boolean {
  const buckets = new Map<string, { tokens: number; at: number }>();
  return (route) => {
    const at = now();
    const before = buckets.get(route) ?? { tokens: burst, at };
    const tokens = Math.min(burst, before.tokens + ((at - before.at) / 1000) * rate);
    const passes = tokens >= 1;
    buckets.set(route, { tokens: passes ? tokens - 1 : tokens, at });
    return passes;
  };
}
