import type { Api } from '../page/api.ts';

interface Range {
  readonly from: number;
  readonly to: number;
}

/** What `GET /v1/producers` says of one. */
export interface Producer {
  readonly client: string;
  readonly producer: string;
  readonly status: string;
  readonly head: { readonly seq: number; readonly batch: string } | null;
  readonly gaps: readonly (Range & {
    readonly since: string;
    /** By an operator, who knows that they will not come. */
    readonly acknowledged?: { readonly why: string };
  })[];
  readonly unlistedGaps?: { readonly count: number };
  readonly expired: readonly Range[];
  readonly forks: readonly number[];
  readonly moreForks?: boolean;
  readonly fin: number | null;
  readonly lastSeen: string;
}

export interface Producers {
  readonly producers: readonly Producer[];
  readonly isWhole: boolean;
}

const maxPages = 10;

export async function loadProducers(
  api: Api,
  tenant: string,
  signal: AbortSignal,
): Promise<Producers> {
  const producers: Producer[] = [];
  const params = new URLSearchParams({ limit: '1000' });
  if (tenant !== '') params.set('tenant', tenant);
  for (let page = 0; page < maxPages; page++) {
    const said: unknown = await (await api('/v1/producers', { params, signal })).json();
    const answer = said as { readonly producers: readonly Producer[]; readonly next?: string };
    producers.push(...answer.producers);
    if (typeof answer.next !== 'string') return { producers: sorted(producers), isWhole: true };
    params.set('cursor', answer.next);
  }
  return { producers: sorted(producers), isWhole: false };
}

/**
 * Of the reads that are recorded: each question of a minute has a producer of its own, so there are very many, which
 * are of interest only if something is wrong with them.
 */
export function isOfReads({ client }: Producer): boolean {
  return client === 'sealtrail.read';
}

/** What needs somebody first. */
export function isSound({ gaps, forks, unlistedGaps }: Producer): boolean {
  return (
    gaps.every(({ acknowledged }) => acknowledged) &&
    forks.length === 0 &&
    unlistedGaps === undefined
  );
}

function sorted(producers: readonly Producer[]): Producer[] {
  return producers.toSorted(
    (a, b) => Number(isSound(a)) - Number(isSound(b)) || (a.lastSeen < b.lastSeen ? 1 : -1),
  );
}

/** `3`, `5–9`, of batches by number. */
export function formatRange({ from, to }: Range): string {
  return from === to ? String(from) : `${from}–${to}`;
}
