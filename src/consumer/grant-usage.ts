import { describeError, type Log } from '../lambda/log.ts';
import type { KnownGrant } from '../lambda/verified-grants.ts';
import type { GrantLog } from '../store/grant-log.ts';
import type { Tallies, Tally } from '../store/tallies.ts';
import type { SetAside } from './set-aside.ts';

/**
 * A record that was sealed under the grant, for certain, and that was not there before. Records are no secret: any
 * tenant's client can send another's again, or its manifest with a body of its own. So what counts is a batch that was
 * inserted, which happens once in the life of its id, and a record that was quarantined for the first time after its
 * signature and its root were found to hold. What is lost on the way is not counted; nothing is counted twice.
 */
export interface Sent extends Tally {
  readonly grant: KnownGrant;
}

/** A grant that has ended has nothing left to be stopped. */
const ends = new Set<string>(['grant-revoked', 'grant-stopped', 'grant-expired']);
const dayMs = 86_400_000;

/**
 * What a record under this grant, quarantined for the first time today, adds to its tally. The quarantine keeps one of
 * a kind a day, so of a grant that lives past midnight only the first day's count.
 */
export function faultOf({ arrived, code }: SetAside, grant: KnownGrant): Sent | undefined {
  const isFirstDay = Math.floor(arrived.arrival / dayMs) === Math.floor((grant.iat * 1000) / dayMs);
  if (ends.has(code) || !isFirstDay) return undefined;
  return { grant, bytes: arrived.data.length, faults: 1 };
}

/** Counts what was sent in an invocation. Does not throw: not to have counted must never stop a record. */
export type CountUsage = (
  sent: readonly Sent[],
  invocation: { readonly id: string; readonly signal: AbortSignal },
) => Promise<void>;

export interface GrantUsageOptions {
  /** What may be sent under one grant, which lives an hour at most. */
  readonly quota: Tally;
  readonly tallies: Tallies;
  readonly stop: GrantLog['stop'];
  /** Epoch ms. */
  readonly now: () => number;
  readonly log: Log;
}

/**
 * A container tells the others what it has seen of a grant once that is this part of the quota. So a grant that
 * sends less costs no call at all, `n` containers let it go on for at most n/400 more than the quota, and what is
 * summed is some 400 items, 8 read units, however large the quota.
 */
const parts = 400;
const maxGrants = 10_000;
/** The records are done by then; the answer should not wait for long. */
const patienceMs = 3000;

/** Counts bytes and faults of each grant, and stops one, from now on, that is over its quota. */
export function grantUsage(options: GrantUsageOptions): CountUsage {
  const { quota, log } = options;
  /** What this container has not told yet. Those not heard of for longest come first, and are forgotten first. */
  const untold = new Map<string, Sent>();

  const add = ({ grant, bytes, faults }: Sent): void => {
    const before = untold.get(grant.jti);
    untold.delete(grant.jti);
    untold.set(grant.jti, {
      grant,
      bytes: bytes + (before?.bytes ?? 0),
      faults: faults + (before?.faults ?? 0),
    });
    const [oldest] = untold.keys();
    if (untold.size > maxGrants && oldest !== undefined) untold.delete(oldest);
  };

  return async (sent, { id, signal }) => {
    for (const each of sent) add(each);
    const told = new Set(sent.map(({ grant }) => grant.jti));
    const worthTelling = [...told].flatMap((grantId) => {
      const seen = untold.get(grantId);
      const isEnough =
        seen !== undefined &&
        (seen.bytes * parts >= quota.bytes || seen.faults * parts >= quota.faults);
      return isEnough ? [seen] : [];
    });
    const patience = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
    await Promise.all(
      worthTelling.map(async (seen) => {
        try {
          await tell(seen, id, patience, options, () => untold.delete(seen.grant.jti));
        } catch (error) {
          log.count('TalliesFailed', 1);
          log.error('what was sent under a grant could not be tallied', describeError(error));
        }
      }),
    );
  };
}

async function tell(
  { grant, bytes, faults }: Sent,
  invocation: string,
  signal: AbortSignal,
  { quota, tallies, stop, now, log }: GrantUsageOptions,
  onNoted: () => void,
): Promise<void> {
  const owner = { tenant: grant.tenant, grant: grant.jti };
  await tallies.note(owner, invocation, { bytes, faults }, signal);
  onNoted();
  const total = await tallies.sum(owner, signal);
  if (total.bytes <= quota.bytes && total.faults <= quota.faults) return;
  if ((await stop(grant.jti, now(), { reason: 'over-quota', signal })) !== 'stopped') return;
  log.count('GrantsStopped', 1);
  log.warn('a grant was far over its quota, and is stopped', {
    ...owner,
    client: grant.sub,
    ...total,
  });
}
