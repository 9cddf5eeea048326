import { codeOf, SealtrailError } from '../domain/error.ts';
import { limits } from '../domain/limits.ts';
import { batchId, parseRecord, type SealedRecord } from '../domain/manifest.ts';
import { leafHash } from '../domain/merkle.ts';
import { type OpenedLine, openRecord, verifyRecord } from '../domain/open.ts';
import { type Filter, matches } from '../domain/query.ts';
import type { KnownGrant } from '../lambda/verified-grants.ts';
import type { ReadBatch } from '../store/batch-store.ts';
import { batchName } from './batch-name.ts';
import type { Hole } from './hole.ts';
import type { ReadEvent } from './read-event.ts';

/** Verified grants by id (`verifiedGrants`). */
export type Grants = (ids: Iterable<string>) => Promise<ReadonlyMap<string, KnownGrant>>;

/** A batch whose signatures, root and key hold. */
export interface OpenedBatch {
  readonly kind: 'opened';
  readonly id: string;
  /** What the parameter `batch` takes. */
  readonly name: string;
  readonly record: SealedRecord;
  readonly grant: KnownGrant;
  readonly lines: readonly OpenedLine[];
  /** When it arrived, epoch ms; the row's word. */
  readonly arrival: number;
}

/** 9999-12-31: what is later is no time that can be written. */
const lastMs = 253_402_300_799_999;

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
    const { arrival } = stored;
    if (!Number.isInteger(arrival) || arrival < 0 || arrival > lastMs)
      throw broken('its arrival is no time');
    const lines = openRecord(record);
    return { kind: 'opened', id, name: batchName(stored), record, grant, lines, arrival };
  } catch (error) {
    if (error instanceof SealtrailError && error.kind === 'poison')
      throw broken(error.message, error);
    throw error;
  }
}

/** Opens a batch, or says why it cannot be: one broken row must not hide its neighbours. */
export async function openOrHole(
  tenant: string,
  stored: ReadBatch,
  grants: Grants,
): Promise<OpenedBatch | Hole> {
  try {
    return await openSealed(tenant, stored, grants);
  } catch (error) {
    if (!(error instanceof SealtrailError) || codeOf(error) !== 'integrity-broken') throw error;
    return { kind: 'hole', key: stored.key, shard: stored.shard, why: error.message };
  }
}

/** The lines of an opened batch that a reader may be shown: its events that match, and its faulty lines. */
export function eventsOf(opened: OpenedBatch, filter: Filter): ReadEvent[] {
  const { id, name, record, grant, lines, arrival } = opened;
  const { client, producer, seq } = record.manifest;
  const { signed, signature } = record.jws;
  const revoked = grant.revokedAt !== undefined && arrival >= grant.revokedAt;
  const about = { received: arrival, client, producer, seq, batch: id, batchName: name, revoked };
  const sealed = {
    manifest: `${signed}.${signature.toString('base64url')}`,
    lines: lines.map(({ bytes }) => bytes),
    grant,
  };
  return lines.flatMap((line, index) =>
    toReadEvent(line, { ...about, sealed: { ...sealed, index } }, filter),
  );
}

type About = Pick<
  ReadEvent,
  'received' | 'client' | 'producer' | 'seq' | 'batch' | 'batchName' | 'revoked' | 'sealed'
>;

/** What a faulty line would match cannot be known: which questions are shown it, the caller says. */
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
