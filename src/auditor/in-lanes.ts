/**
 * Runs `work` over items, so many at once. What one of them throws keeps no other from being done; the first error is
 * thrown once all have been tried, or once `mayBegin` says that nothing more is to be begun.
 */
export async function inLanes<T, R>(
  items: readonly T[],
  lanes: number,
  work: (item: T) => Promise<R>,
  mayBegin: () => boolean = () => true,
): Promise<R[]> {
  const queue = [...items.entries()];
  const done: R[] = [];
  const errors: unknown[] = [];
  const lane = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      if (!mayBegin()) return;
      try {
        done[next[0]] = await work(next[1]);
      } catch (error) {
        errors.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(lanes, items.length) }, lane));
  if (errors.length > 0) throw errors[0];
  return done;
}
