import { z } from 'zod';
import { SealtrailError } from '../domain/error.ts';
import { parseJson } from '../domain/json.ts';
import { type Manifest, parseRecord } from '../domain/manifest.ts';
import { provedLines, verifyRecord } from '../domain/open.ts';
import { json, type Operation } from '../lambda/http.ts';
import { orUnavailable } from '../lambda/or-unavailable.ts';
import { decodeCursor, encodeCursor } from '../store/cursor.ts';
import { dayOfKey, tenantPrefix } from '../store/quarantine-keys.ts';
import { tenantOf } from './access.ts';
import { cursorLifeMs, type ReadOptions } from './list-events.ts';
import type { Grants } from './open-batch.ts';
import { integer, onlySingles } from './parse-query.ts';
import { parseTime } from './parse-time.ts';

/** The bucket of what can never be accepted. */
export interface QuarantineBucket {
  /** Keys that begin with `prefix` and lie after this one, in their order, at most `limit`. */
  list(prefix: string, after: string, limit: number): Promise<readonly string[]>;
  /** The text of an object; undefined if it is gone. */
  get(key: string): Promise<string | undefined>;
}

interface QuarantineOptions
  extends Pick<ReadOptions, 'authenticate' | 'secret' | 'now' | 'grants'> {
  readonly bucket: QuarantineBucket;
}

/** Keys, bytes and time of a page. An object is one record, of 350 KB at most; so many are read at once. */
const maxKeys = 1000;
const readAtOnce = 16;
const maxBytes = 32 * 1024 * 1024;
const deadlineMs = 8_000;

/** The last line that was given: of an object, its place. */
const position = z.strictObject({ key: z.string(), line: z.number() });

const lineSchema = z.object({
  code: z.string(),
  reason: z.string(),
  tenant: z.string().optional(),
  arrival: z.string(),
  shard: z.string(),
  sequenceNumber: z.string(),
  attempts: z.number().optional(),
  copies: z.number().optional(),
  record: z.base64(),
});

/**
 * `GET /v1/quarantine`: what was not accepted, with its reason, by day of arrival. A tenant sees only what was sealed
 * under one of its own grants, signature and root, which is verified here again: its own prefix is all that is listed,
 * so that no flood of what is nobody's stands before it. A key over all tenants sees everything, nobody's first, unless
 * it names one. Bounded work: a page may be empty and still have a `next`.
 */
export function quarantine(options: QuarantineOptions): Operation {
  return async (request) => {
    const who = await options.authenticate(request);
    const names = ['tenant', 'from', 'limit', 'cursor'] as const;
    const { tenant: named, ...asked } = onlySingles(request.query, names);
    const now = options.now();
    const tenant = who.tenant === '*' && named === undefined ? '*' : tenantOf(who, named);
    const limit = integer('limit', asked.limit, 100, 1000);
    const from = parseTime('from', asked.from, now);
    const query = JSON.stringify(['quarantine', asked.from ?? null]);
    const binding = { secret: await options.secret(), tenant, query, now };
    const day = from === undefined ? '' : new Date(from).toISOString().slice(0, 10);
    const prefix = tenant === '*' ? '' : tenantPrefix(tenant);
    const start = `${prefix}${prefix && day.replaceAll('-', '/')}`;
    const page = await readPage(
      asked.cursor === undefined
        ? { key: start, line: Number.POSITIVE_INFINITY }
        : decodeCursor(asked.cursor, position, binding),
      { ...options, tenant, prefix, day, limit, deadline: now + deadlineMs },
    );
    const next = page.next && encodeCursor(page.next, binding, cursorLifeMs);
    return json(200, { records: page.records, next: next ?? null });
  };
}

interface PageOptions extends QuarantineOptions {
  readonly tenant: string;
  readonly prefix: string;
  /** The first that is wanted, `2026-03-01`, or empty. */
  readonly day: string;
  readonly limit: number;
  readonly deadline: number;
}

type Position = z.infer<typeof position>;

async function readPage(
  after: Position,
  options: PageOptions,
): Promise<{ records: object[]; next: Position | undefined }> {
  const { bucket, prefix, day, limit, deadline, now } = options;
  const records: object[] = [];
  let bytes = 0;
  let place = after;
  const following = await orUnavailable('the quarantine', () =>
    bucket.list(prefix, after.key, maxKeys),
  );
  const rest = Number.isFinite(after.line) ? [after.key, ...following] : following;
  const wanted = rest.filter((key) => (dayOfKey(key) ?? day) >= day);
  for (let at = 0; at < wanted.length; at += readAtOnce) {
    if (at > 0 && (bytes >= maxBytes || now() > deadline)) return { records, next: place };
    const keys = wanted.slice(at, at + readAtOnce);
    const texts = await Promise.all(
      keys.map((key) => orUnavailable('the quarantine', () => bucket.get(key))),
    );
    for (const [i, key] of keys.entries()) {
      const text = texts[i] ?? '';
      bytes += text.length;
      for (const [line, content] of text.split('\n').entries()) {
        if (content === '' || (key === after.key && line <= after.line)) continue;
        if (records.length === limit) return { records, next: place };
        const record = await show(content, options);
        if (record !== undefined) records.push(record);
        place = { key, line };
      }
      // A place behind all lines: an object never gets more of them.
      place = { key, line: Number.MAX_SAFE_INTEGER };
    }
  }
  const last = following.at(-1);
  const isMore = last !== undefined && following.length === maxKeys;
  return { records, next: isMore ? { key: last, line: Number.MAX_SAFE_INTEGER } : undefined };
}

/** Undefined for what is not the reader's to see. */
async function show(text: string, { tenant, grants }: PageOptions): Promise<object | undefined> {
  const line = lineSchema.safeParse(parseJson(text).value).data;
  // An object that the consumer did not write: the tool shows it (`sealtrail dlq`).
  if (line === undefined) return undefined;
  const { record, ...about } = line;
  const bytes = Buffer.from(record, 'base64');
  const proved = await prove(bytes, grants);
  if (tenant !== '*' && proved?.tenant !== tenant) return undefined;
  return {
    ...about,
    tenant: proved?.tenant ?? null,
    bytes: bytes.length,
    ...(proved && shown(proved.manifest)),
  };
}

function shown({ client, producer, seq, count, from, to }: Manifest): object {
  return { batch: { client, producer, seq, count, from, to } };
}

/** Who sealed it, if signature and root are good; the tenant that is written beside it is not believed. */
async function prove(
  bytes: Buffer,
  grants: Grants,
): Promise<{ tenant: string; manifest: Manifest } | undefined> {
  try {
    const record = parseRecord(bytes);
    const grant = (await grants([record.grantId])).get(record.grantId);
    if (grant === undefined) return undefined;
    verifyRecord(record, grant.key);
    provedLines(record);
    return { tenant: grant.tenant, manifest: record.manifest };
  } catch (error) {
    if (error instanceof SealtrailError && error.kind === 'poison') return undefined;
    throw error;
  }
}
