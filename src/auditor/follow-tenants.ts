import { fromTime } from '../domain/encoding.ts';
import { describeError, type Log } from '../lambda/log.ts';
import { feedLagMs } from '../store/feed.ts';
import type { AuditedTenant } from './audited-tenant.ts';
import { type FollowOptions, followPage } from './follow-page.ts';

/** Tenants that are followed at once. */
const lanes = 8;

export interface FollowTenantsOptions extends FollowOptions {
  readonly log: Log;
}

/** How far it came. */
export interface Followed {
  /** How far the tenant furthest behind is behind, ms. */
  readonly lag: number;
  /** The stamp up to which each tenant's feed was followed, epoch ms. */
  readonly upTo: ReadonlyMap<string, number>;
}

/** Where one tenant's following stands. */
interface Place {
  readonly tenant: AuditedTenant;
  after: string;
  isDone: boolean;
}

/**
 * Follows every tenant's feed, a page each in turn, so that one with much to catch up on does not keep the
 * others waiting; where a run begins changes with every minute, so that the last are not always the same.
 */
export async function followTenants(
  tenants: readonly AuditedTenant[],
  options: FollowTenantsOptions,
): Promise<Followed> {
  const { producers, now, deadline, log } = options;
  const places: Place[] = [];
  const known = await producers.checkpoints(
    tenants.map(({ id }) => id),
    (tenant) => options.foundMalformed(tenant, 'its place in the feed'),
  );
  const start = tenants.length === 0 ? 0 : Math.floor(now() / 60_000) % tenants.length;
  for (const tenant of [...tenants.slice(start), ...tenants.slice(0, start)])
    places.push({ tenant, after: known.get(tenant.id) ?? '', isDone: false });

  const takeTurn = async (place: Place) => {
    try {
      const outcome = await followPage(place.tenant, place.after, options);
      if (outcome.kind !== 'conflict') place.after = outcome.after;
      place.isDone = outcome.kind !== 'more';
    } catch (error) {
      // This tenant waits for the next run; the others do not.
      log.error('a feed could not be followed', {
        tenant: place.tenant.id,
        ...describeError(error),
      });
      place.isDone = true;
    }
  };

  let open = places;
  while (open.length > 0 && now() < deadline) {
    const queue = [...open];
    const lane = async () => {
      for (let next = queue.shift(); next !== undefined && now() < deadline; next = queue.shift())
        await takeTurn(next);
    };
    await Promise.all(Array.from({ length: lanes }, lane));
    open = places.filter(({ isDone }) => !isDone);
  }
  const upTo = new Map(places.map(({ tenant, after }) => [tenant.id, stampOf(after, now())]));
  return { lag: Math.max(feedLagMs, ...[...upTo.values()].map((stamp) => now() - stamp)), upTo };
}

/** The time in a key of the feed. A tenant of whom nothing was ever heard is not behind. */
function stampOf(after: string, otherwise: number): number {
  return after === '' ? otherwise : (fromTime(after.slice(0, 24)) ?? otherwise);
}
