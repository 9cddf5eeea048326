import { createHash, createHmac, type Hash, type Hmac, timingSafeEqual } from 'node:crypto';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';
import type { Iam } from './iam.ts';
import type { AwsRequest, Place, Principal } from './service.ts';

/** Why a signed request is not let in. */
export type Refusal =
  | { readonly why: 'incomplete' | 'scope'; readonly detail: string }
  | { readonly why: 'stale'; readonly detail: string }
  | { readonly why: 'unknown-key' | 'expired-token' | 'mismatch' | 'body-altered' };

export type Verdict =
  | { readonly kind: 'signed'; readonly principal: Principal }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** What `Authorization: AWS4-HMAC-SHA256 …` says. */
interface Claim {
  readonly accessKeyId: string;
  /** `yyyymmdd` */
  readonly day: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

type Signed = Omit<AwsRequest, 'operation' | 'principal'>;

/** How far the caller's clock may be off, either way: milliseconds. */
const clockSkew = 15 * 60_000;

/** The service in the credential scope, by which one endpoint serves all. */
export function claimedService(authorization: string): string | undefined {
  return parseClaim(authorization)?.service;
}

/**
 * Checks a signature of version 4
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
 * In AWS's order: the form, the clock, the key, the signature; then the session's end and the body's hash.
 */
export async function authenticate(
  request: Signed,
  { iam, place, now }: { readonly iam: Iam; readonly place: Place; readonly now: number },
): Promise<Verdict> {
  const claim = parseClaim(request.headers['authorization'] ?? '');
  if (claim === undefined)
    return refused({ why: 'incomplete', detail: 'Authorization header is malformed.' });

  const date = request.headers['x-amz-date'] ?? '';
  const signedAt = parseDate(date);
  if (signedAt === undefined) {
    return refused({
      why: 'incomplete',
      detail: `Date must be in ISO-8601 'basic format'. Got '${date}'.`,
    });
  }
  const wrong = wrongScope(claim, place, date, request);
  if (wrong !== undefined) return refused({ why: 'scope', detail: wrong });
  if (Math.abs(now - signedAt) > clockSkew) {
    const edge = basicFormat(now + (signedAt < now ? -clockSkew : clockSkew));
    const [state, relation] =
      signedAt < now ? ['expired', 'earlier'] : ['not yet current', 'later'];
    return refused({
      why: 'stale',
      detail: `Signature ${state}: ${date} is now ${relation} than ${edge}`,
    });
  }

  const caller = iam.find(claim.accessKeyId, request.headers['x-amz-security-token']);
  if (caller === undefined) return refused({ why: 'unknown-key' });
  const expected = await signatureOf(request, claim, caller.secretAccessKey, new Date(signedAt));
  if (!same(expected, claim.signature)) return refused({ why: 'mismatch' });
  if (caller.expiresAt !== undefined && caller.expiresAt <= now)
    return refused({ why: 'expired-token' });
  if (!bodyHolds(request)) return refused({ why: 'body-altered' });
  return { kind: 'signed', principal: caller.principal };
}

function refused(refusal: Refusal): Verdict {
  return { kind: 'refused', refusal };
}

function parseClaim(authorization: string): Claim | undefined {
  const found =
    /^AWS4-HMAC-SHA256 +Credential=([^/,\s]+)\/(\d{8})\/([^/,\s]+)\/([^/,\s]+)\/aws4_request, *SignedHeaders=([^,\s]+), *Signature=([0-9a-f]{64})$/.exec(
      authorization,
    );
  if (found === null) return undefined;
  const [, accessKeyId = '', day = '', region = '', service = '', headers = '', signature = ''] =
    found;
  return { accessKeyId, day, region, service, signedHeaders: headers.split(';'), signature };
}

/** What the scope or the list of signed headers has wrong. */
function wrongScope(claim: Claim, place: Place, date: string, request: Signed): string | undefined {
  if (claim.region !== place.region)
    return `Credential should be scoped to a valid region, not '${claim.region}'.`;
  if (!date.startsWith(claim.day)) {
    return `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${claim.day}' != '${date.slice(0, 8)}', from '${date}'.`;
  }
  const host = claim.signedHeaders.includes(':authority') ? [] : ['host'];
  const amazon = Object.keys(request.headers).filter((name) => name.startsWith('x-amz-'));
  const needed = [...host, ...amazon];
  const missing = needed.find((name) => !claim.signedHeaders.includes(name));
  return missing && `'${missing}' must be a 'SignedHeader' in the AWS Authorization.`;
}

async function signatureOf(
  request: Signed,
  claim: Claim,
  secretAccessKey: string,
  signingDate: Date,
): Promise<string> {
  const { region, service, accessKeyId } = claim;
  const headers: Record<string, string> = {};
  for (const name of claim.signedHeaders) headers[name] = request.headers[name] ?? '';
  const query: Record<string, string[]> = {};
  for (const name of request.query.keys()) query[name] = request.query.getAll(name);
  const sessionToken = request.headers['x-amz-security-token'];

  const signer = new SignatureV4({
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) },
    region,
    service,
    sha256: NodeHash,
    // S3 signs the path as it is sent; every other service encodes it once more.
    uriEscapePath: service !== 's3',
    applyChecksum: service === 's3',
  });
  const { method, path, body } = request;
  const signed = await signer.sign(new HttpRequest({ method, path, query, headers, body }), {
    signingDate,
    signableHeaders: new Set(claim.signedHeaders),
  });
  return /Signature=([0-9a-f]+)/.exec(signed.headers['authorization'] ?? '')?.[1] ?? '';
}

/**
 * Whether the body is the one whose hash was signed. S3 may sign `UNSIGNED-PAYLOAD` or a stream of unsigned chunks
 * (https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html); the hash is checked where it is one.
 */
function bodyHolds({ headers, body }: Signed): boolean {
  const claimed = headers['x-amz-content-sha256'];
  if (claimed === undefined || !/^[0-9a-f]{64}$/.test(claimed)) return true;
  return same(claimed, createHash('sha256').update(body).digest('hex'));
}

function same(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

function parseDate(text: string): number | undefined {
  const found = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (found === null) return undefined;
  const [, year, month, day, hour, minute, second] = found;
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(time) ? undefined : time;
}

function basicFormat(time: number): string {
  return `${new Date(time).toISOString().replace(/[-:]/g, '').slice(0, 15)}Z`;
}

/** SHA-256 and its HMAC in the shape that the signer wants. */
class NodeHash {
  #hash: Hash | Hmac;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', bytes(secret));
  }

  update(chunk: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(bytes(chunk));
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  /** Never called by the signer, but part of the shape. */
  reset(): void {
    this.#hash = createHash('sha256');
  }
}

function bytes(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data);
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
