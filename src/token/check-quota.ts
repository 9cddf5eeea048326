import { SealtrailError } from '../domain/error.ts';
import { orUnavailable } from '../lambda/or-unavailable.ts';

/** Takes one of `limit` requests of a name in the minute of `now` (epoch ms); false if none is left. */
export type Take = (name: string, limit: number, now: number) => Promise<boolean>;

/** Counts a request. Throws `quota-exceeded`, `unavailable`. */
export async function checkQuota(
  take: Take,
  name: string,
  limit: number,
  now: number,
): Promise<void> {
  if (!(await orUnavailable('the count of requests', () => take(name, limit, now))))
    throw new SealtrailError(
      'quota-exceeded',
      'too many requests of this client this minute; try again in the next',
    );
}
