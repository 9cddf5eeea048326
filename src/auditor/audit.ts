import { describeError, type Log } from '../lambda/log.ts';
import type { BatchReader } from '../store/batch-store.ts';
import type { ProducerStore } from '../store/producer-store.ts';
import type { AuditedTenant } from './audited-tenant.ts';
import { compareStored } from './compare-stored.ts';
import { followTenants } from './follow-tenants.ts';
import { review } from './review.ts';

export interface AuditOptions {
  /** Those whose rows can be read; of each other one it is told. */
  readonly listTenants: (onMalformed: (error: Error) => void) => Promise<readonly AuditedTenant[]>;
  readonly reader: BatchReader;
  readonly producers: ProducerStore;
  readonly graceMs: number;
  readonly log: Log;
  /** Epoch ms. */
  readonly now: () => number;
}

/**
 * One run: hears of what was stored since the last one, counts what is missing, and compares what is stored with what
 * it heard of.
 *
 * @param until epoch ms by which it is to have ended; a third of the time is for counting and comparing
 */
export async function audit(until: number, options: AuditOptions): Promise<void> {
  const { log, now } = options;
  // One row that somebody spoilt must not hide what is missing of every other tenant.
  const tenants = await options.listTenants((error) => {
    log.count('TenantsSkipped', 1);
    log.error('a tenant is not looked after', describeError(error));
  });
  const malformed = new Set<string>();
  const foundMalformed = (what: string) => {
    if (malformed.has(what)) return;
    malformed.add(what);
    log.error('a row is of another form, and passed over', { row: what });
  };
  const { lag, upTo } = await followTenants(tenants, {
    ...options,
    foundMalformed: (tenant, what) => foundMalformed(`${tenant}/${what}`),
    deadline: now() + ((until - now()) * 2) / 3,
    foundForks(tenant, { client, producer }, forks) {
      log.count('ProducerForks', forks.length);
      log.warn('a producer is forked', { tenant, client, producer, seq: forks.slice(0, 10) });
    },
  });
  log.count('AuditorLag', lag);
  await review({ ...options, foundMalformed, tenants, deadline: until });
  await compareStored({ ...options, tenants, upTo, deadline: until });
  if (malformed.size > 0) log.count('RowsSkipped', malformed.size);
}
