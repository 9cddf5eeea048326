import { batchEntry, grantEntry } from '../domain/bundle.ts';
import { fromTime, toTime } from '../domain/encoding.ts';
import { SealtrailError } from '../domain/error.ts';
import { hintOf } from '../domain/judge-grant.ts';
import { limits } from '../domain/limits.ts';
import { isTaken } from '../domain/retention.ts';
import type { HttpRequest, HttpResponse, Operation } from '../lambda/http.ts';
import type { BatchReader, ReadBatch, Summary } from '../store/batch-store.ts';
import { dayOf } from '../store/keys.ts';
import { type Reader, tenantOf } from './access.ts';
import { batchName, parseBatchName } from './batch-name.ts';
import { type Lie, liesOf, tellBroken } from './broken.ts';
import type { Hole } from './hole.ts';
import { linkToNext } from './link-to-next.ts';
import type { ReadOptions } from './list-events.ts';
import { openOrHole } from './open-batch.ts';
import { onlySingles } from './parse-query.ts';
import { parseTime } from './parse-time.ts';
import { Retention } from './retention.ts';
import { Scan } from './scan.ts';
import { times } from './within-time.ts';

/** What one page may cost: of records 2 MiB, in base64 under the 6 MB of a Lambda answer. */
const maxBytes = 2 * 1024 * 1024;
const maxSummaries = 20_000;
/** Batches that are not what was sealed, so that a header has room for their names. */
const maxHoles = 20;
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
 * A batch that is not what was sealed is left out, and named in the header `sealtrail-holes`.
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
    const { page, next } = await readPage({ tenant, from, to, after: query.after }, options);
    return page.response(next === undefined ? {} : { link: linkToNext(request, { after: next }) });
  };
}

const bundleType = 'application/vnd.sealtrail.bundle';

/** The largest of so many are 3.75 MiB. */
const maxNamed = 15;

/**
 * `?batch=<to>#<id>#<shard>`, repeated: those batches that a follower has read of in the feed, as far as they (still)
 * exist, in this order.
 */
async function named(
  who: Reader,
  { query }: HttpRequest,
  options: ReadOptions,
): Promise<HttpResponse> {
  const names = query.getAll('batch').map(parseBatchName);
  if (names.length > maxNamed)
    throw new SealtrailError('request-invalid', `name ${maxNamed} batches at most`);
  const others = new URLSearchParams([...query].filter(([name]) => name !== 'batch'));
  const tenant = tenantOf(who, onlySingles(others, ['tenant']).tenant);
  const distinct = new Map(names.map((name) => [batchName(name), name]));
  const found = await options.reader.records(tenant, [...distinct.values()]);
  const page = new BundlePage(tenant, options);
  for (const name of distinct.keys()) {
    const stored = found.find((each) => batchName(each) === name);
    if (stored !== undefined) await page.add(stored, undefined);
  }
  return page.response({});
}

/** A batch's sort key, or the start of a day. A row that nobody sealed may have any key of its day: it must not end an export. */
const placePattern = /^\d{4}-\d\d-\d\d(T.{0,1024})?$/su;

/** `next`: the place to go on behind; undefined at the end. */
async function readPage(
  asked: Asked,
  options: ReadOptions,
): Promise<{ readonly page: BundlePage; readonly next: string | undefined }> {
  const scan = scanOf(asked, options);
  const retention = new Retention(options.grants, options.now);
  const isWanted = (summary: Summary) =>
    !(summary.to < asked.from || summary.from >= asked.to) && !retention.isTaken(summary);
  const read = readAhead(scan, asked.tenant, isWanted, options.reader);
  const deadline = options.now() + times.scan;
  const isSpent = () =>
    scan.queries > 0 &&
    (scan.read + 10 * scan.queries >= maxSummaries || options.now() >= deadline);
  const page = new BundlePage(asked.tenant, options);
  let lastKey: string | undefined;
  for (;;) {
    const next = await scan.peek(() => !isSpent());
    if (next === 'end' || (next !== 'unknown' && next.to >= asked.to + limits.spanMs))
      return { page, next: undefined };
    // Rows of one key, in several shards, have one place: all of them are gone past, or none.
    if (next === 'unknown' || (page.isFull && next.key !== lastKey))
      return { page, next: scan.frontier?.key };
    lastKey = next.key;
    await retention.learn(next, () => scan.upcoming());
    const stored = isWanted(next) ? await read(next) : undefined;
    scan.skip();
    if (stored !== undefined) await page.add(stored, next);
  }
}

function scanOf({ tenant, from, to, after }: Asked, { reader }: ReadOptions): Scan {
  const start = { key: after ?? toTime(from), inclusive: false };
  const last = dayOf(toTime(to + limits.spanMs));
  return new Scan(reader, tenant, { order: 'asc', start, from: dayOf(start.key), to: last });
}

/** The record of a batch; undefined if retention has taken it since its summary was read. */
function readAhead(
  scan: Scan,
  tenant: string,
  isWanted: (summary: Summary) => boolean,
  reader: BatchReader,
) {
  const held = new Map<string, ReadBatch | undefined>();
  return async (summary: Summary): Promise<ReadBatch | undefined> => {
    const name = batchName(summary);
    if (!held.has(name)) {
      const wanted = scan.upcoming().filter(isWanted).slice(0, ahead);
      const found = await reader.records(tenant, wanted);
      for (const each of wanted.map(batchName))
        held.set(
          each,
          found.find((stored) => batchName(stored) === each),
        );
    }
    const record = held.get(name);
    held.delete(name);
    return record;
  };
}

/** What of a bundle is given at once. */
class BundlePage {
  readonly #tenant: string;
  readonly #options: ReadOptions;
  readonly #granted = new Set<string>();
  readonly #parts: Buffer[] = [];
  readonly #holes: Hole[] = [];
  readonly #lies: Lie[] = [];
  #bytes = 0;

  constructor(tenant: string, options: ReadOptions) {
    this.#tenant = tenant;
    this.#options = options;
  }

  get isFull(): boolean {
    return this.#bytes >= maxBytes || this.#holes.length >= maxHoles;
  }

  /**
   * Adds the batch, once it is known to be what was sealed, behind its grant if that is new to this page; or notes that
   * it is not. What retention has taken is left out.
   */
  async add(stored: ReadBatch, summary: Summary | undefined): Promise<void> {
    const { grants, now } = this.#options;
    const opened = await openOrHole(this.#tenant, stored, grants);
    if (opened.kind === 'hole') {
      this.#holes.push(opened);
      return;
    }
    const { id, grant, record } = opened;
    const to = fromTime(record.manifest.to) ?? Number.NaN;
    if (isTaken({ to, expires: stored.expires }, grant.retentionDays, now())) return;
    const lies = summary === undefined ? [] : liesOf(summary, opened);
    if (lies.length > 0) this.#lies.push({ batch: opened.name, about: lies });
    if (!this.#granted.has(grant.jti)) {
      this.#granted.add(grant.jti);
      const revokedAt = grant.revokedAt === undefined ? null : toTime(grant.revokedAt);
      this.#push(grantEntry({ grant: grant.jwt, issuerKey: hintOf(grant), revokedAt }));
    }
    this.#push(batchEntry({ batch: id, arrival: toTime(stored.arrival), record: stored.record }));
  }

  /** `sealtrail-holes` names what is left out, percent-encoded and separated by commas. */
  response(headers: Record<string, string>): HttpResponse {
    tellBroken(this.#options.log, this.#tenant, { holes: this.#holes, lies: this.#lies });
    const holes = this.#holes.map((hole) => encodeURIComponent(batchName(hole)).slice(0, 200));
    return {
      status: 200,
      headers: {
        'content-type': bundleType,
        ...headers,
        ...(holes.length > 0 && { 'sealtrail-holes': holes.join(',') }),
      },
      body: Buffer.concat(this.#parts),
    };
  }

  #push(entry: Buffer): void {
    this.#parts.push(entry);
    this.#bytes += entry.length;
  }
}
