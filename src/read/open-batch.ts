import { SealtrailError } from '../domain/error.ts';
import { limits } from '../domain/limits.ts';
import { batchId, parseRecord, type SealedRecord } from '../domain/manifest.ts';
import { leafHash } from '../domain/merkle.ts';
import { type OpenedLine, openRecord, verifyRecord } from '../domain/open.ts';
import { type Filter, matches } from '../domain/query.ts';
import type { KnownGrant } from '../lambda/verified-grants.ts';
import type { ReadBatch } from '../store/batch-store.ts';
import type { ReadEvent } from './read-event.ts';

/** Verified grants by id (`verifiedGrants`). */
export type Grants = (ids: Iterable<string>) => Promise<ReadonlyMap<string, KnownGrant>>;

/** A batch whose signatures, root and key hold. */
export interface OpenedBatch {
  readonly id: string;
  readonly record: SealedRecord;
  readonly grant: KnownGrant;
  readonly lines: readonly OpenedLine[];
}

/**
 * Opens a batch that was read from the store, trusting nothing that the store says: the grant must be
 * one that the issuer signed for this tenant, the signature and the root must hold, and the key must be
 * that of this very batch. Throws `integrity-broken`.
 */
export async function openSealed(
  tenant: string,
  stored: ReadBatch,
  grants: Grants,
): Promise<OpenedBatch> {
  const broken = (why: string, cause?: unknown) =>
    new SealtrailError('integrity-broken', `batch ${stored.key} is not what was sealed: ${why}`, {
      cause,
    });
  try {
    const record = parseRecord(stored.record);
    const grant = (await grants([record.grantId])).get(record.grantId);
    if (grant === undefined) throw broken('its grant was not issued by us');
    if (grant.tenant !== tenant) throw broken('its grant is of another tenant');
    verifyRecord(record, grant.key);
    const id = batchId(record.manifest);
    if (stored.key !== `${record.manifest.to}#${id}`) throw broken('it lies under another key');
    return { id, record, grant, lines: openRecord(record) };
  } catch (error) {
    if (error instanceof SealtrailError && error.kind === 'poison')
      throw broken(error.message, error);
    throw error;
  }
}

/** Opens a batch: its events that match a filter. Throws `integrity-broken`. */
export async function openBatch(
  tenant: string,
  stored: ReadBatch,
  grants: Grants,
): Promise<(filter: Filter) => ReadEvent[]> {
  const { id, record, grant, lines } = await openSealed(tenant, stored, grants);
  const { client, producer, seq } = record.manifest;
  const { signed, signature } = record.jws;
  const revoked = grant.revokedAt !== undefined && stored.arrival >= grant.revokedAt;
  const about = { received: stored.arrival, client, producer, seq, batch: id, revoked };
  const sealed = {
    manifest: `${signed}.${signature.toString('base64url')}`,
    lines: lines.map(({ bytes }) => bytes),
    grant,
  };
  return (filter) =>
    lines.flatMap((line, index) =>
      toReadEvent(line, { ...about, sealed: { ...sealed, index } }, filter),
    );
}

type About = Pick<
  ReadEvent,
  'received' | 'client' | 'producer' | 'seq' | 'batch' | 'revoked' | 'sealed'
>;

/** A faulty line is shown whatever the filter: what it would match cannot be known. */
function toReadEvent(line: OpenedLine, about: About, filter: Filter): ReadEvent[] {
  const late = about.received - line.time > limits.lateMs;
  const event = line.kind === 'event' ? line.event : undefined;
  if (event !== undefined && !matches(filter, event, late)) return [];
  return [
    {
      ...about,
      id: line.id,
      time: line.time,
      line: line.bytes,
      hash: leafHash(line.bytes).toString('base64url'),
      event,
      fault: line.kind === 'faulty' ? line.fault : undefined,
      late,
    },
  ];
}
