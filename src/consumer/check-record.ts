import { checkActions } from '../domain/access-log.ts';
import { fromTime } from '../domain/encoding.ts';
import { SealtrailError } from '../domain/error.ts';
import { limits } from '../domain/limits.ts';
import { batchId, type SealedRecord } from '../domain/manifest.ts';
import { type OpenedLine, openRecord, verifyRecord } from '../domain/open.ts';
import { eventTerms } from '../domain/query.ts';
import type { KnownGrant } from '../lambda/verified-grants.ts';
import type { StoredBatch } from '../store/batch-store.ts';
import { packCounts } from '../store/counts.ts';
import { shardOf } from '../store/keys.ts';
import { bloomOf, maxTerms } from '../store/terms.ts';
import type { Arrived } from './arrived.ts';

/**
 * Everything that must hold of a record before it is stored, cheapest first; then what is stored of it.
 * Throws a poison SealtrailError: this record will never be right.
 */
export function checkRecord(
  arrived: Arrived,
  record: SealedRecord,
  grant: KnownGrant | undefined,
): StoredBatch {
  if (grant === undefined)
    throw new SealtrailError('grant-unknown', `no grant ${record.grantId} was issued`);
  if (grant.revokedAt !== undefined && arrived.arrival >= grant.revokedAt)
    throw new SealtrailError('grant-revoked', 'arrived after its grant was revoked');
  verifyRecord(record, grant.key);
  checkGrant(arrived, record, grant);
  checkTime(arrived, record, grant);
  const lines = openRecord(record);
  checkActions(grant.sub, lines);
  return summarize(arrived, record, grant, lines);
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
