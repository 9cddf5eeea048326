import type { Api } from '../read/api.ts';

/** What is to be exported. */
export interface Asked {
  readonly get: Api['get'];
  readonly tenant: string | undefined;
  /** RFC 3339 ms. */
  readonly from: string;
  readonly to: string;
  /** When the export began, epoch ms. */
  readonly began: number;
  readonly filters: readonly [string, string][];
  /** Grants that the file holds already; a page adds its own. */
  readonly grants: Set<string>;
  /** Path to go on with; undefined at the beginning. */
  readonly next: string | undefined;
}

/** A piece of the file. */
export interface ExportPage {
  readonly bytes: Buffer;
  readonly events: number;
  readonly batches: number;
  /** Batches that are left out, since they are not what was sealed. */
  readonly holes: number;
  /** Up to which time the log is in the file, as far as is known, epoch ms. */
  readonly at: number | undefined;
  /** Path of the page behind; undefined for the last. */
  readonly next: string | undefined;
  /** What ends the file, once all is in it. */
  readonly end: (totals: { readonly batches: number; readonly holes: number }) => Buffer;
}

/** The first path of an export. */
export function firstPath(
  path: string,
  { tenant, from, to, filters }: Asked,
  more: readonly [string, string][] = [],
): string {
  const named: [string, string][] = tenant === undefined ? [] : [['tenant', tenant]];
  return `${path}?${new URLSearchParams([...filters, ['from', from], ['to', to], ...more, ...named])}`;
}
