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
  states(tenant: string, keys: readonly ProducerKey[]): Promise<ReadonlyMap<string, Versioned>>;
  /** The marks of these pages of one or more producers, by `producerSortKey`, for every key asked for. */
  marks(
    tenant: string,
    pages: readonly (ProducerKey & { readonly pages: readonly number[] })[],
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
  watched(): AsyncIterable<readonly (KnownProducer & { readonly version: number })[]>;
  /** Up to which key each of these tenants' feeds was followed. */
  checkpoints(tenants: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Moves a tenant's place in its feed forward; does nothing if it is further already. */
  advance(tenant: string, after: string): Promise<void>;
}

/** What the read API needs: a tenant's producers, in the order of client and id. */
export interface ProducerList {
  list(
    tenant: string,
    query: { readonly after: ProducerKey | undefined; readonly limit: number },
  ): Promise<{ readonly producers: readonly KnownProducer[]; readonly more: boolean }>;
}
