export interface Throttle {
  /** Requests a second, in the long run. */
  readonly rate: number;
  /** Requests at once. */
  readonly burst: number;
}

/**
 * Token buckets, one a route, as API Gateway's stage settings are
 * (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html).
 *
 * @param preset of each route that is not in `byRoute`; none: all passes
 * @param now milliseconds that only grow
 * @returns whether one more request for a route may pass
 */
export function createBuckets(
  preset: Throttle | undefined,
  byRoute: Readonly<Record<string, Throttle>> = {},
  now: () => number = () => performance.now(),
): (route: string) => boolean {
  const buckets = new Map<string, { tokens: number; at: number }>();
  return (route) => {
    const limits = Object.hasOwn(byRoute, route) ? byRoute[route] : preset;
    if (limits === undefined) return true;
    const { rate, burst } = limits;
    const at = now();
    const before = buckets.get(route) ?? { tokens: burst, at };
    const tokens = Math.min(burst, before.tokens + ((at - before.at) / 1000) * rate);
    const passes = tokens >= 1;
    buckets.set(route, { tokens: passes ? tokens - 1 : tokens, at });
    return passes;
  };
}
