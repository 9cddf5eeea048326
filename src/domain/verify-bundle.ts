import { checkActions } from './access-log.ts';
import { CannotUnpack } from './body.ts';
import type { BundleEntry, BundleGrant, BundleHead } from './bundle.ts';
import { type Chain, Chains } from './chains.ts';
import { fromTime } from './encoding.ts';
import { forgedBy, type HeldGrant, judgeGrant } from './judge-grant.ts';
import { judgeManifest } from './judge-manifest.ts';
import { batchId, parseRecord, type SealedRecord } from './manifest.ts';
import { openRecord } from './open.ts';
import {
  doubt,
  type EventVerdict,
  type Forgery,
  forged,
  intact,
  type Pins,
  type Verdict,
} from './verdict.ts';

/** What came of one batch. */
export interface BatchVerdict {
  /** As the file calls it. */
  readonly batch: string;
  readonly verdict: Verdict;
  /** Of a forged batch none: which line is not what was sealed cannot be told. */
  readonly events: readonly EventVerdict[];
}

/** What holds for the whole file. */
export interface BundleSummary {
  readonly head: BundleHead | undefined;
  /** As its grants say; undefined if none holds. */
  readonly tenant: string | undefined;
  readonly chains: readonly Chain[];
  /** Batches that were there more than once. */
  readonly repeated: number;
  /** What is wrong with the file itself, or missing from it; `intact` if it is whole. */
  readonly file:
    | Verdict
    | { readonly kind: 'incomplete'; readonly code: 'cut' | 'empty'; readonly why: string };
}

type Judged = { readonly held: HeldGrant; readonly entry: BundleGrant };

/**
 * Verifies a bundle entry by entry (FORMAT.md, section 9): each batch on its own, down to every line, and
 * with `finish` what only all of them can tell: producers' chains, and whether the file is whole.
 */
export class BundleVerifier {
  readonly #pins: Pins;
  readonly #grants = new Map<string, Judged>();
  readonly #chains = new Chains();
  #head: BundleHead | undefined;
  #tenant: string | undefined;
  #end: { readonly batches: number } | undefined;
  #wrong: Forgery | undefined;
  #cut: string | undefined;
  #batches = 0;
  #repeated = 0;

  constructor(pins: Pins) {
    this.#pins = pins;
    this.#tenant = pins.tenant;
  }

  /** The verdict on a batch; undefined for any other entry. Never throws for what is in the file. */
  take(entry: BundleEntry): BatchVerdict | undefined {
    if (this.#end !== undefined && entry.kind !== 'broken')
      this.#wrong ??= forged('malformed', 'there is something behind the end');
    if (entry.kind === 'head') this.#takeHead(entry.head);
    else if (this.#head === undefined && !(entry.kind === 'broken' && entry.isCut))
      this.#wrong ??= forged('malformed', 'it does not begin as a bundle does');
    if (entry.kind === 'grant') this.#takeGrant(entry.grant);
    if (entry.kind === 'end') this.#end = entry.end;
    if (entry.kind === 'broken' && entry.isCut) this.#cut = entry.why;
    if (entry.kind === 'broken' && !entry.isCut)
      this.#wrong ??= forged(
        'malformed',
        `from byte ${entry.at} on it cannot be read: ${entry.why}`,
      );
    if (entry.kind !== 'batch') return undefined;
    this.#batches += 1;
    return this.#takeBatch(entry.batch);
  }

  finish(): BundleSummary {
    return {
      head: this.#head,
      tenant: this.#grants.size > 0 ? this.#tenant : undefined,
      chains: this.#chains.list(),
      repeated: this.#repeated,
      file: this.#wrong ?? this.#whole(),
    };
  }

  #takeHead(head: BundleHead): void {
    if (this.#head !== undefined) this.#wrong ??= forged('malformed', 'it begins twice');
    this.#head = head;
  }

  /** A file is of one tenant: the one that is asked for, or that it speaks of, or that of its first grant. */
  #takeGrant(entry: BundleGrant): void {
    this.#tenant ??= this.#head?.tenant;
    const held = judgeGrant(entry.grant, entry.issuerKey, { ...this.#pins, tenant: this.#tenant });
    if (held.kind === 'forged') {
      this.#wrong ??= held;
      return;
    }
    this.#tenant ??= held.grant.tenant;
    const said = this.#grants.get(held.grant.jti)?.entry.revokedAt ?? null;
    const revokedAt = earlier(said, entry.revokedAt);
    this.#grants.set(held.grant.jti, { held, entry: { ...entry, revokedAt } });
  }

  #takeBatch(batch: Extract<BundleEntry, { kind: 'batch' }>['batch']): BatchVerdict {
    const named = { batch: batch.batch, events: [] };
    try {
      const record = parseRecord(batch.record);
      const { manifest } = record;
      const id = batchId(manifest);
      if (id !== batch.batch)
        return { ...named, verdict: forged('batch-mismatch', `its content is that of ${id}`) };
      const known = this.#grants.get(record.grantId);
      if (known === undefined)
        return {
          ...named,
          verdict: doubt('grant-missing', 'the grant it was sealed under is not there'),
        };
      const { held, entry } = known;
      const arrival = fromTime(batch.arrival) ?? 0;
      const revokedAt = entry.revokedAt === null ? null : (fromTime(entry.revokedAt) ?? 0);
      const verdict = judgeManifest(record, held, { arrival, revokedAt }) ?? intact;
      if (verdict.kind === 'forged') return { ...named, verdict };
      const events = eventsOf(record, id, held, verdict);
      if (!this.#chains.add(manifest, id)) this.#repeated += 1;
      return { ...named, verdict, events };
    } catch (error) {
      if (error instanceof CannotUnpack)
        return { ...named, verdict: doubt('unpackable-here', error.message) };
      return { ...named, verdict: forgedBy(error) };
    }
  }

  #whole(): BundleSummary['file'] {
    const cut = (why: string) => ({ kind: 'incomplete' as const, code: 'cut' as const, why });
    if (this.#head === undefined) return cut('there is nothing in it');
    if (this.#cut !== undefined) return cut(this.#cut);
    if (this.#end === undefined) return cut('its end is missing');
    const { batches } = this.#end;
    if (batches !== this.#batches)
      return cut(`its end speaks of ${batches} batches, and there are ${this.#batches}`);
    if (batches > 0) return intact;
    // Signed by nobody: whoever likes can make it, and call it anybody's log of any time.
    return { kind: 'incomplete', code: 'empty', why: 'there is no batch in it, and so no proof' };
  }
}

/** A revocation is for good: what is said of it once is not taken back by what is said later. */
function earlier(a: string | null, b: string | null): string | null {
  if (a === null || b === null) return a ?? b;
  return a < b ? a : b;
}

/** Throws a poison SealtrailError if the body is not what was signed. */
function eventsOf(
  record: SealedRecord,
  batch: string,
  { grant, issuer }: HeldGrant,
  verdict: Verdict,
): EventVerdict[] {
  const { client, producer, seq } = record.manifest;
  const { tenant, via } = grant;
  const place = { tenant, client, via, producer, seq, batch, issuer };
  const lines = openRecord(record);
  checkActions(client, lines);
  return lines.map((line) => ({
    ...verdict,
    id: line.id,
    time: line.time,
    ...(line.kind === 'faulty' ? { fault: line.fault } : {}),
    place,
  }));
}
