import type { ProducerState } from '../domain/producer.ts';

/** A producer belongs to one client: another client's batches under its id are another producer's. */
export interface ProducerKey {
  readonly client: string;
  readonly producer: string;
}

export interface KnownProducer extends ProducerKey {
  readonly tenant: string;
  readonly state: ProducerState;
}

/** A state with what tells whether it was changed since it was read; 0 for one that is new. */
interface Versioned {
  readonly state: ProducerState;
  readonly version: number;
}

/** A batch that is stored, and that the feed has not told of. */
export interface Untold extends ProducerKey {
  readonly seq: number;
  readonly key: string;
  readonly shard: number;
  /** When it was first found, epoch ms. */
  readonly since: number;
}

/** Where a comparison goes on: behind a key, on a shard of a day. */
export interface ComparePlace {
  readonly day: string;
  readonly shard: number;
  readonly after?: string | undefined;
}

/** What is known of one tenant's stored batches, compared with what its feed told. */
export interface Comparison {
  /** By sweep; undefined: begins again. */
  readonly places: Readonly<Record<string, ComparePlace | undefined>>;
  readonly untold: readonly Untold[];
}

/** Told of a row of another form, which is passed over. */
export type OnMalformed = (sortKey: string) => void;

/** Marks by number, with the version of every page that they were read from. */
export interface VersionedMarks {
  readonly marks: Map<number, string>;
  readonly versions: ReadonlyMap<number, number>;
}

/** `conflict`: somebody else has changed it since it was read; nothing was written. */
export type SaveOutcome = 'saved' | 'conflict';

/**
 * What the auditor needs. Reads are strongly consistent but for `watched`. A write goes through only if
 * nobody wrote since the read that it rests on, so two runs at once cannot undo each other's work.
 */
export interface ProducerStore {
  /** By `producerSortKey`; those that are not known are left out. */
  states(
    tenant: string,
    keys: readonly ProducerKey[],
    onMalformed?: OnMalformed,
  ): Promise<ReadonlyMap<string, Versioned>>;
  /** The marks of these pages of one or more producers, by `producerSortKey`, for every key asked for. */
  marks(
    tenant: string,
    pages: readonly (ProducerKey & { readonly pages: readonly number[] })[],
    /** With the sort key of the producer. */
    onMalformed?: OnMalformed,
  ): Promise<ReadonlyMap<string, VersionedMarks>>;
  /** `expires`: epoch seconds after which nothing of the page's batches is kept. */
  saveMarks(
    tenant: string,
    key: ProducerKey,
    page: number,
    read: VersionedMarks,
    expires: number,
  ): Promise<SaveOutcome>;
  /** `watched`: whether `watched()` is to give it. */
  saveState(
    tenant: string,
    key: ProducerKey,
    next: Versioned,
    about: { readonly watched: boolean; readonly expires: number },
  ): Promise<SaveOutcome>;
  /** Pages of the producers of all tenants that need an eye; may lag behind by a moment. */
  watched(
    onMalformed?: OnMalformed,
  ): AsyncIterable<readonly (KnownProducer & { readonly version: number })[]>;
  /** Up to which key each of these tenants' feeds was followed. One that holds no time is told of, and left out. */
  checkpoints(
    tenants: readonly string[],
    onMalformed?: (tenant: string) => void,
  ): Promise<ReadonlyMap<string, string>>;
  /** Moves a tenant's place in its feed forward; does nothing if it is further already. */
  advance(tenant: string, after: string): Promise<void>;
  /** Of those tenants that have one; one of another form is as if there were none. */
  comparisons(tenants: readonly string[]): Promise<ReadonlyMap<string, Comparison>>;
  /** Replaces it: two runs at once cost a comparison again, and lose nothing. */
  saveComparison(tenant: string, comparison: Comparison): Promise<void>;
}

/** What the read API needs: a tenant's producers, in the order of client and id. */
export interface ProducerList {
  list(
    tenant: string,
    query: { readonly after: ProducerKey | undefined; readonly limit: number },
  ): Promise<{
    readonly producers: readonly KnownProducer[];
    /** Rows of another form, which are left out. */
    readonly malformed: readonly ProducerKey[];
    /** Where to go on; undefined at the end. */
    readonly next: ProducerKey | undefined;
  }>;
  /** Batches that are stored, and that the feed has not told of, as the auditor last saw it. */
  untold(tenant: string): Promise<readonly Untold[]>;
}
