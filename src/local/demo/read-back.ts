import type { DemoTenant } from './tenants.ts';

export interface Comparison {
  /** Events read. */
  readonly readBack: number;
  /** Recorded and not read; read with other bytes than were recorded; read more than once. */
  readonly lost: number;
  readonly altered: number;
  readonly duplicates: number;
}

/** Every line of a tenant's log, oldest first, page by page through the API; but for what tells of such reads. */
export async function* readLog(
  url: string,
  { apiKey }: DemoTenant,
  limit = 1000,
): AsyncGenerator<string> {
  let next: string | undefined = `${url}/v1/events?order=asc&limit=${limit}`;
  while (next !== undefined) {
    const response: Response = await fetch(next, {
      headers: { authorization: `Bearer ${apiKey}`, accept: 'application/x-ndjson' },
    });
    if (!response.ok) throw new Error(`GET ${next}: ${response.status} ${await response.text()}`);
    yield* (await response.text()).split('\n').filter((line) => line !== '' && !isOfReader(line));
    const link = /<([^>]+)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1];
    next = link && new URL(link, next).href;
  }
}

/** Told by the read API itself: that its log was read, or a viewer token made. */
function isOfReader(line: string): boolean {
  return /"action":"audit\.(log\.read|viewer\.create)"/.test(line);
}

/** Reads a tenant's whole log and compares it, byte for byte, with what was recorded. */
export async function compareLog(
  url: string,
  tenant: DemoTenant,
  recorded: ReadonlyMap<string, string>,
  onRead: () => void,
): Promise<Comparison> {
  const seen = new Set<string>();
  let readBack = 0;
  let altered = 0;
  let duplicates = 0;
  for await (const line of readLog(url, tenant)) {
    readBack++;
    onRead();
    const { id } = JSON.parse(line) as { id?: string };
    if (id === undefined || recorded.get(id) !== line) altered++;
    if (id === undefined) continue;
    if (seen.has(id)) duplicates++;
    seen.add(id);
  }
  const lost = [...recorded.keys()].filter((id) => !seen.has(id)).length;
  return { readBack, lost, altered, duplicates };
}
