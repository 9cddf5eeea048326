/** What is known of one producer's batches in a file, whose signatures hold. */
export interface Chain {
  readonly client: string;
  readonly producer: string;
  /** The first and last number that are there. */
  readonly first: number;
  readonly last: number;
  readonly batches: number;
  /** Numbers between them that are missing, both ends included. */
  readonly gaps: readonly { readonly from: number; readonly to: number }[];
  /** Numbers that two batches bear, or whose batch follows another one than is there. */
  readonly forks: readonly number[];
  /** Whether the last says that it is the last. */
  readonly isFinished: boolean;
}

interface Link {
  readonly id: string;
  readonly prev: string | null;
  readonly fin: boolean;
}

/** The batches of a file, of which each names the one before it: some 150 bytes are kept of each. */
export class Chains {
  readonly #producers = new Map<string, Map<number, Link[]>>();

  /** False for a batch that was there before. */
  add(
    {
      client,
      producer,
      seq,
      prev,
      fin,
    }: Omit<Link, 'id'> & {
      readonly client: string;
      readonly producer: string;
      readonly seq: number;
    },
    id: string,
  ): boolean {
    const key = `${client}#${producer}`;
    const links = this.#producers.get(key) ?? new Map<number, Link[]>();
    this.#producers.set(key, links);
    const known = links.get(seq) ?? [];
    if (known.some((link) => link.id === id)) return false;
    links.set(seq, [...known, { id, prev, fin }]);
    return true;
  }

  /** In the order of client and producer. */
  list(): Chain[] {
    return [...this.#producers].sort(([a], [b]) => (a < b ? -1 : 1)).map(toChain);
  }
}

function toChain([key, links]: [string, ReadonlyMap<number, readonly Link[]>]): Chain {
  const [client = '', producer = ''] = key.split('#');
  const numbers = [...links.keys()].sort((a, b) => a - b);
  const gaps = [];
  const forks = [];
  let before: number | undefined;
  for (const seq of numbers) {
    if (before !== undefined && seq > before + 1) gaps.push({ from: before + 1, to: seq - 1 });
    if (isFork(links, seq)) forks.push(seq);
    before = seq;
  }
  const last = numbers.at(-1) ?? 0;
  return {
    client,
    producer,
    first: numbers[0] ?? 0,
    last,
    batches: [...links.values()].reduce((sum, { length }) => sum + length, 0),
    gaps,
    forks,
    isFinished: links.get(last)?.some(({ fin }) => fin) ?? false,
  };
}

/** Two of one number; one that names another predecessor than is there; one behind the last. */
function isFork(links: ReadonlyMap<number, readonly Link[]>, seq: number): boolean {
  const here = links.get(seq) ?? [];
  const before = links.get(seq - 1);
  if (here.length > 1) return true;
  if (before === undefined || before.length > 1) return false;
  return here.some(({ prev }) => before.every(({ id, fin }) => fin || id !== prev));
}
