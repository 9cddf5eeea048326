import type { KnownGrant } from '../lambda/verified-grants.ts';
import type { StoredBatch } from '../store/batch-store.ts';
import type { Arrived } from './arrived.ts';
import type { Sent } from './grant-usage.ts';
import type { SetAside } from './set-aside.ts';

/** What became of one record: `undone` ones are handed to us again by the event source mapping. */
export type Outcome =
  | { readonly kind: 'batch'; readonly batch: StoredBatch }
  | { readonly kind: 'poison'; readonly why: SetAside; readonly isRepeat?: boolean }
  | { readonly kind: 'throttled'; readonly why: SetAside }
  | { readonly kind: 'undone' };

/** What is known of a record. */
export interface Entry {
  readonly arrived: Arrived;
  readonly outcome: Outcome;
  /** Under whose grant it was sealed, if that is proved: by the signature, and by the root that it covers. */
  readonly grant: KnownGrant | undefined;
  /** What it adds to its grant's tally: absent unless it is the first of its kind, see `grant-usage.ts`. */
  readonly sent?: Sent;
}

/** Those before the first undone one: the others are seen again. */
export function doneOf(entries: readonly Entry[]): readonly Entry[] {
  const undone = entries.findIndex(({ outcome }) => outcome.kind === 'undone');
  return undone === -1 ? entries : entries.slice(0, undone);
}
