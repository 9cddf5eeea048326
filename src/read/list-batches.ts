import { batchEntry, grantEntry } from '../domain/bundle.ts';
import { toTime } from '../domain/encoding.ts';
import { SealtrailError } from '../domain/error.ts';
import { hintOf } from '../domain/judge-grant.ts';
import { limits } from '../domain/limits.ts';
import type { HttpRequest, HttpResponse, Operation } from '../lambda/http.ts';
import type { ReadBatch, Summary } from '../store/batch-store.ts';
import { dayOf } from '../store/keys.ts';
import { type Reader, tenantOf } from './access.ts';
import { linkToNext } from './link-to-next.ts';
import type { ReadOptions } from './list-events.ts';
import { openSealed } from './open-batch.ts';
import { onlySingles } from './parse-query.ts';
import { parseTime } from './parse-time.ts';
import { Scan } from './scan.ts';
import { times } from './within-time.ts';

/** What one page may cost: of records 2 MiB, in base64 under the 6 MB of a Lambda answer. */
const maxBytes = 2 * 1024 * 1024;
const maxSummaries = 20_000;
/** Records read at once. */
const ahead = 8;

interface Asked {
  readonly tenant: string;
  /** Batches with events of this time: `from` ≤ time < `to`, epoch ms. */
  readonly from: number;
  readonly to: number;
  /** Place to go on behind. */
  readonly after: string | undefined;
}

/**
 * `GET /v1/batches`: whole sealed batches with events of `from` ≤ time < `to`, in the order of their latest event, and
 * each grant before the first batch under it: the inner part of a bundle (FORMAT.md, section 9). `Link: rel=next`
 * leads on. Batches without events, which end a producer, are there too.
 *
 * A place in this order is no secret, and it is the tenant's alone by the key that is read: `after` needs no MAC.
 */
export function listBatches(options: ReadOptions): Operation {
  return async (request) => {
    const who = await options.authenticate(request);
    if (request.query.has('batch')) return named(who, request, options);
    const query = onlySingles(request.query, ['tenant', 'from', 'to', 'after']);
    const tenant = tenantOf(who, query.tenant);
    const now = options.now();
    const from = parseTime('from', query.from, now) ?? 0;
    const to = parseTime('to', query.to, now) ?? now + limits.aheadMs + 1;
    if (from > to) throw new SealtrailError('request-invalid', 'from is after to');
    if (query.after !== undefined && !placePattern.test(query.after))
      throw new SealtrailError('request-invalid', 'after is what the link to the next page says');
    const { body, next } = await readPage({ tenant, from, to, after: query.after }, options);
    return {
      status: 200,
      headers: {
        'content-type': bundleType,
        ...(next === undefined ? {} : { link: linkToNext(request, { after: next }) }),
      },
      body,
    };
  };
}

const bundleType = 'application/vnd.sealtrail.bundle';

/** The largest of so many are 3.75 MiB. */
const maxNamed = 15;
const namePattern = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z#[A-Za-z0-9_-]{43})#(\d{1,4})$/;

/**
 * `?batch=<to>#<id>#<shard>`, repeated: those batches that a follower has read of in the feed, as far as they (still)
 * exist, in this order.
 */
async function named(
  who: Reader,
  { query }: HttpRequest,
  options: ReadOptions,
): Promise<HttpResponse> {
  const names = query.getAll('batch').map((text) => {
    const [, key, shard] = namePattern.exec(text) ?? [];
    if (key === undefined)
      throw new SealtrailError('request-invalid', 'a batch is named <to>#<id>#<shard>');
    return { key, shard: Number(shard) };
  });
  if (names.length > maxNamed)
    throw new SealtrailError('request-invalid', `name ${maxNamed} batches at most`);
  const others = new URLSearchParams([...query].filter(([name]) => name !== 'batch'));
  const tenant = tenantOf(who, onlySingles(others, ['tenant']).tenant);
  const distinct = [...new Map(names.map((name) => [name.key, name])).values()];
  const found = await options.reader.records(tenant, distinct);
  const granted = new Set<string>();
  const parts: Buffer[] = [];
  for (const { key } of distinct) {
    const stored = found.find((each) => each.key === key);
    if (stored === undefined || stored.expires * 1000 <= options.now()) continue;
    parts.push(...(await entriesOf(tenant, stored, granted, options)));
  }
  return { status: 200, headers: { 'content-type': bundleType }, body: Buffer.concat(parts) };
}

/** A batch's sort key, or the start of a day. */
const placePattern = /^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d\.\d{3}Z(#[A-Za-z0-9_-]{43})?)?$/;

/** `next`: the place to go on behind; undefined at the end. */
async function readPage(
  asked: Asked,
  options: ReadOptions,
): Promise<{ readonly body: Buffer; readonly next: string | undefined }> {
  const scan = scanOf(asked, options);
  const read = readAhead(scan, asked, options);
  const deadline = options.now() + times.scan;
  const isSpent = () =>
    scan.queries > 0 &&
    (scan.read + 10 * scan.queries >= maxSummaries || options.now() >= deadline);
  const granted = new Set<string>();
  const parts: Buffer[] = [];
  let bytes = 0;
  for (;;) {
    const next = await scan.peek(() => !isSpent());
    if (next === 'end' || (next !== 'unknown' && next.to >= asked.to + limits.spanMs))
      return { body: Buffer.concat(parts), next: undefined };
    if (next === 'unknown' || bytes >= maxBytes)
      return { body: Buffer.concat(parts), next: scan.frontier?.key };
    const stored = isWanted(next, asked, options.now()) ? await read(next) : undefined;
    scan.skip();
    if (stored === undefined) continue;
    for (const entry of await entriesOf(asked.tenant, stored, granted, options)) {
      parts.push(entry);
      bytes += entry.length;
    }
  }
}

function scanOf({ tenant, from, to, after }: Asked, { reader }: ReadOptions): Scan {
  const start = { key: after ?? toTime(from), inclusive: false };
  const last = dayOf(toTime(to + limits.spanMs));
  return new Scan(reader, tenant, { order: 'asc', start, from: dayOf(start.key), to: last });
}

function isWanted({ from, to, expires }: Summary, asked: Asked, now: number): boolean {
  return to >= asked.from && from < asked.to && expires * 1000 > now;
}

/** The record of a batch; undefined if retention has taken it since its summary was read. */
function readAhead(scan: Scan, asked: Asked, { reader, now }: ReadOptions) {
  const held = new Map<string, ReadBatch | undefined>();
  return async (summary: Summary): Promise<ReadBatch | undefined> => {
    if (!held.has(summary.key)) {
      const wanted = scan
        .upcoming()
        .filter((next) => isWanted(next, asked, now()))
        .slice(0, ahead);
      const found = await reader.records(asked.tenant, wanted);
      for (const { key } of wanted)
        held.set(
          key,
          found.find((each) => each.key === key),
        );
    }
    const record = held.get(summary.key);
    held.delete(summary.key);
    return record;
  };
}

/** The batch, once it is known to be what was sealed, behind its grant if that is new to this page. */
async function entriesOf(
  tenant: string,
  stored: ReadBatch,
  granted: Set<string>,
  options: ReadOptions,
): Promise<Buffer[]> {
  const { id, grant } = await openSealed(tenant, stored, options.grants);
  const { record, arrival } = stored;
  const batch = batchEntry({ batch: id, arrival: toTime(arrival), record });
  if (granted.has(grant.jti)) return [batch];
  granted.add(grant.jti);
  const revokedAt = grant.revokedAt === undefined ? null : toTime(grant.revokedAt);
  return [grantEntry({ grant: grant.jwt, issuerKey: hintOf(grant), revokedAt }), batch];
}
