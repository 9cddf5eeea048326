import { batchName } from './batch-name.ts';

/** A row that is not what was sealed: it is left out of an answer, and named there. */
export interface Hole {
  readonly kind: 'hole';
  readonly key: string;
  readonly shard: number;
  readonly why: string;
}

/** A hole as an answer names it. */
export interface ShownHole {
  /** Its name, as the parameter `batch` takes it. */
  readonly batch?: string;
  readonly code: 'integrity-broken';
}

/** To a viewer a batch's name may be another customer's. */
export function shownHole(hole: Hole, isNamed = true): ShownHole {
  return { ...(isNamed ? { batch: batchName(hole) } : {}), code: 'integrity-broken' };
}
