/** How a request finds its route. */
interface Match<Target> {
  readonly key: string;
  /** Decoded, undefined when the route's path has none. */
  readonly parameters: Readonly<Record<string, string>> | undefined;
  readonly target: Target;
}

interface Route<Target> {
  readonly key: string;
  readonly method: string;
  readonly segments: readonly string[];
  readonly target: Target;
}

export interface Routes<Target> {
  add(key: string, target: Target): void;
  remove(key: string): void;
  /** `malformed`: a path parameter is no valid percent-encoding of UTF-8. */
  find(method: string, path: string): Match<Target> | 'malformed' | undefined;
}

/**
 * The most specific route wins: a full match over a greedy `{proxy+}` over `$default`, a literal
 * segment over a parameter, a method over ANY.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
 */
export function createRoutes<Target>(): Routes<Target> {
  const routes = new Map<string, Route<Target>>();

  return {
    add(key, target) {
      const [method = '', path = ''] = key.split(' ');
      routes.set(key, { key, method, segments: path.split('/').slice(1), target });
    },
    remove: (key) => void routes.delete(key),
    find(method, path) {
      const segments = path.split('/').slice(1);
      const [best] = [...routes.values()]
        .filter((route) => route.method === method || route.method === 'ANY')
        .filter((route) => fits(route.segments, segments))
        .sort((a, b) => rank(a).localeCompare(rank(b)));
      if (best === undefined) {
        const fallback = routes.get('$default');
        return fallback && { key: '$default', parameters: undefined, target: fallback.target };
      }
      try {
        return {
          key: best.key,
          parameters: parametersOf(best.segments, segments),
          target: best.target,
        };
      } catch {
        return 'malformed';
      }
    },
  };
}

const isGreedy = (segment: string | undefined) => /^\{.+\+\}$/.test(segment ?? '');
const isParameter = (segment: string) => /^\{.+\}$/.test(segment);

function fits(pattern: readonly string[], segments: readonly string[]): boolean {
  const greedy = isGreedy(pattern.at(-1));
  if (greedy ? segments.length < pattern.length : segments.length !== pattern.length) return false;
  return pattern.every((part, index) =>
    isParameter(part) ? segments[index] !== '' : part === segments[index],
  );
}

/** Sorts the most specific first. */
function rank({ method, segments }: { method: string; segments: readonly string[] }): string {
  const kinds = segments.map((part) => (isGreedy(part) ? '2' : isParameter(part) ? '1' : '0'));
  return `${isGreedy(segments.at(-1)) ? 1 : 0}${kinds.join('')} ${method === 'ANY' ? 1 : 0}`;
}

function parametersOf(
  pattern: readonly string[],
  segments: readonly string[],
): Record<string, string> | undefined {
  const found = pattern.flatMap((part, index): [string, string][] => {
    if (!isParameter(part)) return [];
    const raw = isGreedy(part) ? segments.slice(index).join('/') : (segments[index] ?? '');
    return [[part.slice(1, isGreedy(part) ? -2 : -1), decodeURIComponent(raw)]];
  });
  return found.length > 0 ? Object.fromEntries(found) : undefined;
}
