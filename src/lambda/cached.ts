interface CacheOptions {
  /** An answer is given again for this long, ms. */
  readonly freshMs: number;
  readonly maxEntries: number;
  /** Epoch ms. */
  readonly now: () => number;
}

/**
 * A look-up that remembers what it found. What is not there is asked for each time, so that a thing just
 * made is found at once, and nobody can fill the cache with names that do not exist.
 */
export function cached<T>(
  lookup: (key: string) => Promise<T | undefined>,
  { freshMs, maxEntries, now }: CacheOptions,
): (key: string) => Promise<T | undefined> {
  const entries = new Map<string, { readonly value: T; readonly until: number }>();
  return async (key) => {
    const entry = entries.get(key);
    if (entry !== undefined && entry.until > now()) return entry.value;
    entries.delete(key);
    const value = await lookup(key);
    if (value === undefined) return undefined;
    const [oldest] = entries.keys();
    if (entries.size >= maxEntries && oldest !== undefined) entries.delete(oldest);
    entries.set(key, { value, until: now() + freshMs });
    return value;
  };
}
