import { z } from 'zod';
import { fromTime, sha256 } from './encoding.ts';
import { SealtrailError } from './error.ts';
import { type Jws, parseJws } from './jws.ts';
import { idPattern, limits } from './limits.ts';
import { uuidV7Pattern } from './uuid.ts';

/** 32 bytes as base64url. */
export const digestPattern = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;
const digest = z.string().regex(digestPattern);
const time = z.string().refine((text) => fromTime(text) !== undefined, 'RFC 3339, UTC, ms');
const count = z.number().int().nonnegative();

/** The manifest's members, in the order in which they are written. */
const manifestSchema = z.strictObject({
  v: z.literal(1),
  client: z.string().regex(idPattern),
  producer: z.string().regex(uuidV7Pattern),
  seq: count.max(Number.MAX_SAFE_INTEGER),
  prev: digest.nullable(),
  root: digest,
  count,
  from: time,
  to: time,
  fin: z.boolean(),
  enc: z.enum(['zstd', 'deflate', 'identity']),
  len: count,
  size: count,
  sealed: time,
});

/** What the signature of a batch covers. Times are RFC 3339, `len` and `size` are bytes. */
export type Manifest = z.infer<typeof manifestSchema>;

/** The members that make a batch the batch that it is, whoever signs it and however it is packed. */
export type Identity = Pick<
  Manifest,
  'client' | 'producer' | 'seq' | 'prev' | 'root' | 'count' | 'from' | 'to' | 'fin'
>;

/** SHA-256 over the identity as a JSON array, base64url, 43 characters. */
export function batchId(batch: Identity): string {
  const { client, producer, seq, prev, root, count, from, to, fin } = batch;
  const identity = JSON.stringify([1, client, producer, seq, prev, root, count, from, to, fin]);
  return sha256(identity).toString('base64url');
}

const headerPattern =
  /^\{"alg":"EdDSA","typ":"sealtrail-manifest\+jwt","kid":"([A-Za-z0-9_-]{42}[AEIMQUYcgkosw048])"\}$/;

export function manifestHeader(grantId: string): string {
  return JSON.stringify({ alg: 'EdDSA', typ: 'sealtrail-manifest+jwt', kid: grantId });
}

/** A manifest as it came, taken apart; nothing of it is proved yet. */
export interface SignedManifest {
  readonly grantId: string;
  readonly manifest: Manifest;
  readonly jws: Jws;
}

/** A record as it came, taken apart; nothing of it is proved yet. */
export interface SealedRecord extends SignedManifest {
  readonly body: Buffer;
}

const poison = (code: ConstructorParameters<typeof SealtrailError>[0], message: string) =>
  new SealtrailError(code, message);

/**
 * Takes a record apart and checks the manifest's form: no key is touched and no byte decompressed.
 * Throws a poison SealtrailError.
 */
export function parseRecord(record: Buffer): SealedRecord {
  if (record.length === 0) throw poison('record-empty', 'the record has no bytes');
  if (record.length > limits.record)
    throw poison('record-too-large', `${record.length} bytes; at most ${limits.record}`);
  const lf = record.subarray(0, limits.manifest + 1).indexOf(0x0a);
  if (lf <= 0) throw poison('record-malformed', 'no manifest line at its start');
  const signed = parseManifest(record.toString('latin1', 0, lf));
  const { manifest } = signed;
  const body = record.subarray(lf + 1);
  if (body.length !== manifest.len)
    throw poison('length-mismatch', `the body has ${body.length} bytes, len says ${manifest.len}`);
  return { ...signed, body };
}

/** Takes a manifest's JWS apart and checks its form, without its body. Throws a poison SealtrailError. */
export function parseManifest(compact: string): SignedManifest {
  if (compact.split('.').length !== 3)
    throw poison('record-malformed', 'the first line is not a compact JWS');
  const jws = parseJws(compact);
  if (jws === undefined)
    throw poison('encoding-invalid', 'a segment of the manifest is not strict base64url');
  const grantId = headerPattern.exec(jws.header)?.[1];
  if (grantId === undefined)
    throw poison(
      'header-invalid',
      'the protected header is not exactly alg, typ, kid of version 1',
    );
  return { grantId, manifest: readManifest(jws.payload), jws };
}

function readManifest(payload: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(payload);
  } catch (cause) {
    throw new SealtrailError('manifest-invalid', 'the manifest is not JSON', { cause });
  }
  const version = typeof value === 'object' && value !== null && 'v' in value ? value.v : undefined;
  if (typeof version === 'number' && version !== 1)
    throw poison('version-unknown', `format version ${version}; this is version 1`);
  const result = manifestSchema.safeParse(value);
  if (!result.success) throw poison('manifest-invalid', z.prettifyError(result.error));
  const manifest = result.data; // zod gives the members in the schema's order
  if (JSON.stringify(manifest) !== payload)
    throw poison(
      'manifest-invalid',
      'members doubled, out of order or not as JSON.stringify writes them',
    );
  checkManifest(manifest);
  return manifest;
}

/** What must hold between members, in the order of FORMAT.md, section 7. */
function checkManifest(m: Manifest): void {
  const from = fromTime(m.from) as number;
  const to = fromTime(m.to) as number;
  if ((m.prev === null) !== (m.seq === 0))
    throw poison('manifest-invalid', 'prev is null exactly at seq 0');
  if (m.count === 0 && !isEmptyEnd(m))
    throw poison(
      'manifest-invalid',
      'a batch of no events has fin, from = to = sealed, enc identity, len 0 and size 0',
    );
  if (from > to) throw poison('range-mismatch', 'from is after to');
  if (to - from > limits.spanMs)
    throw poison('span-exceeded', `to − from is ${to - from} ms; at most ${limits.spanMs}`);
  if (m.count > limits.events)
    throw poison('lines-invalid', `${m.count} events; at most ${limits.events}`);
  if (m.size > limits.size) throw poison('size-mismatch', `size ${m.size}; at most ${limits.size}`);
  if (m.size > limits.ratio * m.len + limits.ratioSlack)
    throw poison('ratio-exceeded', `size ${m.size} is over ${limits.ratio} × len + 64 KiB`);
}

function isEmptyEnd({ fin, from, to, sealed, enc, len, size }: Manifest): boolean {
  const isEmpty = enc === 'identity' && len === 0 && size === 0;
  return fin && from === sealed && to === sealed && isEmpty;
}
