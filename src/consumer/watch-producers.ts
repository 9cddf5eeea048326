import type { StoredBatch } from '../store/batch-store.ts';

const maxRemembered = 50_000;

/**
 * Remembers which batch a producer numbered with which `seq`, for as long as this container lives and
 * within bounds, and counts the forks: two batches with one number. It sees what this container sees;
 * following the feed sees everything.
 */
export function watchProducers(): (stored: readonly StoredBatch[]) => number {
  const seen = new Map<string, string>();
  return (stored) => {
    let forks = 0;
    for (const { tenant, producer, seq, id } of stored) {
      const place = `${tenant}/${producer}/${seq}`;
      const other = seen.get(place);
      if (other !== undefined && other !== id) forks++;
      if (seen.size >= maxRemembered) seen.clear();
      seen.set(place, id);
    }
    return forks;
  };
}
