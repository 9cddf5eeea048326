import { z } from 'zod';
import { idPattern, limits } from './limits.ts';
import { digestPattern } from './manifest.ts';
import { issuerKeySchema, timeSchema } from './proof.ts';
import { parseStrictJson } from './strict-json.ts';

const whole = z.number().int().nonnegative();

/** The first line: what was asked for. Nothing in it is proved. */
const headSchema = z.strictObject({
  sealtrail: z.literal('bundle'),
  v: z.literal(1),
  /** Where a key over all tenants was used; a bundle holds one tenant's batches in any case. */
  tenant: z.string().regex(idPattern).optional(),
  /** Batches with events of this time: `from` ≤ time < `to`. */
  from: timeSchema,
  to: timeSchema,
  /** When the export began: revocations were looked up after that. */
  asOf: timeSchema,
});

/** A grant, before the first batch under it. `revokedAt` is the service's answer; nobody has signed it. */
const grantSchema = z.strictObject({
  grant: z.string().max(limits.manifest),
  issuerKey: issuerKeySchema,
  revokedAt: timeSchema.nullable(),
});

/** A batch: `bytes` of its record follow the LF, and an LF follows them. */
const batchSchema = z.strictObject({
  batch: z.string().regex(digestPattern),
  arrival: timeSchema,
  bytes: whole.max(limits.record),
});

/** The last line. */
const endSchema = z.strictObject({
  end: z.strictObject({ batches: whole }),
});

export type BundleHead = z.infer<typeof headSchema>;
export type BundleGrant = z.infer<typeof grantSchema>;
type BundleBatch = Omit<z.infer<typeof batchSchema>, 'bytes'> & { readonly record: Buffer };
type BundleEnd = z.infer<typeof endSchema>;

export type BundleEntry =
  | { readonly kind: 'head'; readonly head: BundleHead }
  | { readonly kind: 'grant'; readonly grant: BundleGrant }
  | { readonly kind: 'batch'; readonly batch: BundleBatch }
  | { readonly kind: 'end'; readonly end: BundleEnd['end'] }
  /** From here on nothing can be told apart; always the last. `isCut`: the bytes just end. */
  | { readonly kind: 'broken'; readonly at: number; readonly why: string; readonly isCut: boolean };

const lineOf = (value: object) => Buffer.from(`${JSON.stringify(value)}\n`);

export const headEntry = (head: BundleHead): Buffer => lineOf(head);
export const grantEntry = (grant: BundleGrant): Buffer => lineOf(grant);
export const endEntry = (end: BundleEnd['end']): Buffer => lineOf({ end });
export function batchEntry({ batch, arrival, record }: BundleBatch): Buffer {
  const head = lineOf({ batch, arrival, bytes: record.length });
  return Buffer.concat([head, record, Buffer.from('\n')]);
}

/** Of a line of JSON without its LF: a grant is the longest. */
const maxLine = 8 * 1024;
const lf = 0x0a;

/** Whether a file that starts so is a bundle: by these bytes it is told from a file of proofs. */
export function isBundle(start: Buffer): boolean {
  return start.subarray(0, 22).toString('latin1') === '{"sealtrail":"bundle",';
}

/**
 * Takes a bundle apart as its bytes come, holding one entry at a time. Never throws for what is in it;
 * an entry of another form is `broken`, and the last that is given.
 */
export async function* readBundle(chunks: AsyncIterable<Buffer>): AsyncGenerator<BundleEntry> {
  let rest: Buffer = Buffer.alloc(0);
  let at = 0;
  const source = chunks[Symbol.asyncIterator]();
  /** Whether there are so many bytes, or (of a line) an LF among so many. */
  const fill = async (enough: (held: Buffer) => boolean): Promise<boolean> => {
    while (!enough(rest)) {
      const next = await source.next();
      if (next.done === true) return false;
      rest = rest.length === 0 ? next.value : Buffer.concat([rest, next.value]);
    }
    return true;
  };
  const take = (bytes: number): Buffer => {
    const taken = rest.subarray(0, bytes);
    rest = rest.subarray(bytes);
    at += bytes;
    return taken;
  };
  const broken = (why: string, isCut = false): BundleEntry => ({ kind: 'broken', at, why, isCut });

  while (await fill(({ length }) => length > 0)) {
    const isWhole = await fill((held) => held.includes(lf) || held.length > maxLine);
    const end = rest.subarray(0, maxLine + 1).indexOf(lf);
    if (end === -1)
      return yield isWhole ? broken('a line is too long') : broken('its last line is cut', true);
    const entry = parseLine(rest.subarray(0, end));
    if (entry === undefined || (entry.kind === 'head' && !isBundle(rest)))
      return yield broken('a line is of another form');
    if (entry.kind !== 'batch') {
      take(end + 1);
      yield entry;
      continue;
    }
    const { bytes, ...about } = entry.batch;
    const total = end + 1 + bytes + 1;
    if (!(await fill(({ length }) => length >= total)))
      return yield broken('its last batch is cut', true);
    if (rest[total - 1] !== lf) return yield broken('a batch is not as long as is said');
    const record = Buffer.from(take(total).subarray(end + 1, -1));
    yield { kind: 'batch', batch: { ...about, record } };
  }
}

type ParsedLine =
  | Exclude<BundleEntry, { kind: 'batch' | 'broken' }>
  | { readonly kind: 'batch'; readonly batch: z.infer<typeof batchSchema> };

function parseLine(bytes: Buffer): ParsedLine | undefined {
  const json = parseStrictJson(bytes);
  if (!json.ok) return undefined;
  const batch = batchSchema.safeParse(json.value);
  if (batch.success) return { kind: 'batch', batch: batch.data };
  const grant = grantSchema.safeParse(json.value);
  if (grant.success) return { kind: 'grant', grant: grant.data };
  const head = headSchema.safeParse(json.value);
  if (head.success) return { kind: 'head', head: head.data };
  const end = endSchema.safeParse(json.value);
  return end.success ? { kind: 'end', end: end.data.end } : undefined;
}
