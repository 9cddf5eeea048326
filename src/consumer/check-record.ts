import { fromTime } from '../domain/encoding.ts';
import { SealtrailError } from '../domain/error.ts';
import { limits } from '../domain/limits.ts';
import { batchId, type SealedRecord } from '../domain/manifest.ts';
import { type OpenedLine, provedLines, readLines, verifyRecord } from '../domain/open.ts';
import { eventTerms } from '../domain/query.ts';
import type { KnownGrant } from '../lambda/verified-grants.ts';
import type { StoredBatch } from '../store/batch-store.ts';
import { packCounts } from '../store/counts.ts';
import { shardOf } from '../store/keys.ts';
import { bloomOf, maxTerms } from '../store/terms.ts';
import type { Arrived } from './arrived.ts';
import { attempt } from './attempt.ts';

/** What a record comes to. */
export type Checked =
  | { readonly kind: 'batch'; readonly batch: StoredBatch; readonly grant: KnownGrant }
  | {
      readonly kind: 'poison';
      /** It will never be right. */
      readonly error: SealtrailError;
      /** Under whose grant it was sealed; undefined while nothing proves that the signer sent these bytes. */
      readonly owner: KnownGrant | undefined;
    };

/**
 * Everything that must hold of a record before it is stored, cheapest first; then what is stored of it.
 *
 * A signature covers the manifest alone, and manifests are in every proof that was ever handed out. So a record is
 * nobody's until its body has the root that was signed, whatever is wrong with it: what is wrong with a manifest
 * keeps its code, and the body is opened, within the same bounds, only to learn whose the record is.
 */
export function checkRecord(
  arrived: Arrived,
  record: SealedRecord,
  grant: KnownGrant | undefined,
): Checked {
  if (grant === undefined)
    return poison(new SealtrailError('grant-unknown', `no grant ${record.grantId} was issued`));
  const ended = attempt(() => checkEnd(arrived, grant));
  const signed = attempt(() => verifyRecord(record, grant.key));
  if (!signed.ok) return poison(ended.ok ? signed.error : ended.error);
  const timely = ended.ok ? attempt(() => checkManifest(arrived, record, grant)) : ended;
  const proved = attempt(() => provedLines(record));
  if (!proved.ok) return poison(timely.ok ? proved.error : timely.error);
  if (!timely.ok) return poison(timely.error, grant);
  const read = attempt(() => readLines(proved.value, record.manifest));
  if (!read.ok) return poison(read.error, grant);
  return { kind: 'batch', batch: summarize(arrived, record, grant, read.value), grant };
}

function poison(error: SealtrailError, owner?: KnownGrant): Checked {
  return { kind: 'poison', error, owner };
}

/** A stop is a matter of new arrivals: what an operator brings again was looked at by a person. */
function checkEnd({ arrival, attempts }: Arrived, { revokedAt, stoppedAt }: KnownGrant): void {
  if (revokedAt !== undefined && arrival >= revokedAt)
    throw new SealtrailError('grant-revoked', 'arrived after its grant was revoked');
  if (stoppedAt !== undefined && arrival >= stoppedAt && attempts === undefined)
    throw new SealtrailError('grant-stopped', 'arrived after its grant was stopped');
}

function checkManifest(arrived: Arrived, record: SealedRecord, grant: KnownGrant): void {
  checkGrant(arrived, record, grant);
  checkTime(arrived, record, grant);
}

function checkGrant({ arrival }: Arrived, { manifest }: SealedRecord, grant: KnownGrant): void {
  if (manifest.client !== grant.sub)
    throw new SealtrailError(
      'client-mismatch',
      `client ${manifest.client}, the grant's is ${grant.sub}`,
    );
  if (arrival > grant.exp * 1000 + limits.graceMs)
    throw new SealtrailError('grant-expired', "arrived over 15 minutes after its grant's end");
}

const dayMs = 86_400_000;

function checkTime({ arrival }: Arrived, { manifest }: SealedRecord, grant: KnownGrant): void {
  const to = fromTime(manifest.to) as number;
  if (to > arrival + limits.aheadMs)
    throw new SealtrailError(
      'clock-ahead',
      `its latest event is ${to - arrival} ms ahead of its arrival`,
    );
  if (to < arrival - grant.retentionDays * dayMs)
    throw new SealtrailError('too-old', `older than the ${grant.retentionDays} days that are kept`);
}

function summarize(
  { data, arrival, shard, sequenceNumber }: Arrived,
  { manifest, grantId }: SealedRecord,
  grant: KnownGrant,
  lines: readonly OpenedLine[],
): StoredBatch {
  const terms = new Set<string>();
  const faults: StoredBatch['faults'][number][] = [];
  for (const [index, line] of lines.entries()) {
    if (line.kind === 'faulty') faults.push([index, line.fault]);
    else if (terms.size <= maxTerms)
      for (const term of eventTerms(line.event, arrival - line.time > limits.lateMs))
        terms.add(term);
  }
  const id = batchId(manifest);
  return {
    tenant: grant.tenant,
    shard: shardOf(id, grant.shards),
    id,
    to: manifest.to,
    from: manifest.from,
    record: data,
    arrival,
    source: `${shard}:${sequenceNumber}`,
    count: manifest.count,
    terms: terms.size === 0 ? undefined : bloomOf(terms),
    faults,
    counts:
      lines.length === 0
        ? undefined
        : packCounts(lines.map(toCounted), fromTime(manifest.from) ?? 0),
    client: manifest.client,
    producer: manifest.producer,
    seq: manifest.seq,
    prev: manifest.prev,
    fin: manifest.fin,
    grant: grantId,
    expires: Math.floor((arrival + grant.retentionDays * dayMs) / 1000),
  };
}

function toCounted(line: OpenedLine) {
  return { time: line.time, event: line.kind === 'event' ? line.event : undefined };
}
