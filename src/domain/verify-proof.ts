import { z } from 'zod';
import { fromBase64url, fromTime } from './encoding.ts';
import { forgedBy, judgeGrant } from './judge-grant.ts';
import { judgeManifest } from './judge-manifest.ts';
import { limits } from './limits.ts';
import { readLine } from './line.ts';
import { batchId, type Manifest, parseManifest } from './manifest.ts';
import { rootFromPath } from './merkle.ts';
import { type Proof, proofSchema } from './proof.ts';
import {
  doubt,
  type EventVerdict,
  type Forgery,
  forged,
  intact,
  type Pins,
  type Verdict,
} from './verdict.ts';

/**
 * Verifies the proof of one event with nothing but what is pinned: line → Merkle path → manifest's
 * signature → grant's signature → issuer's key. No network, and no word of the service is believed that
 * would make it better. Never throws.
 *
 * @example
 * verifyProof(JSON.parse(text), { issuers: new Set(['<thumbprint of the issuer’s key>']) }).kind === 'intact'
 */
export function verifyProof(value: unknown, pins: Pins): EventVerdict {
  const parsed = proofSchema.safeParse(value);
  if (!parsed.success) return notAProof(value, parsed.error);
  const proof = parsed.data;
  const line = fromBase64url(proof.line);
  if (line === undefined) return forged('encoding-invalid', 'line is not strict base64url');
  const said = readLine(line);
  if (said.kind === 'no-id') return judge(proof, line, undefined, pins);
  const { id, time } = said;
  const fault = said.kind === 'faulty' ? { fault: said.fault } : {};
  return { id, time, ...fault, ...judge(proof, line, time, pins) };
}

function judge(
  proof: Proof,
  line: Buffer,
  time: number | undefined,
  pins: Pins,
): Verdict & Pick<EventVerdict, 'place'> {
  try {
    const held = judgeGrant(proof.grant, proof.issuerKey, pins);
    if (held.kind === 'forged') return held;
    const signed = parseManifest(proof.manifest);
    const { manifest } = signed;
    const wrong = judgeLine(proof, line, time, manifest);
    if (wrong !== undefined) return wrong;
    if (held.kind !== 'held') return held;
    const verdict = judgeManifest(signed, held, statementOf(proof)) ?? intact;
    if (verdict.kind === 'forged') return verdict;
    const { client, producer, seq } = manifest;
    const { grant, issuer } = held;
    const batch = batchId(manifest);
    return { ...verdict, place: { tenant: grant.tenant, client, producer, seq, batch, issuer } };
  } catch (error) {
    return forgedBy(error);
  }
}

/** Whether the line is one that a batch may have, and is in the tree whose root the manifest names. */
function judgeLine(
  { index, path }: Proof,
  line: Buffer,
  time: number | undefined,
  { count, root, from, to }: Manifest,
): Forgery | undefined {
  const hashes = path.map((hash) => Buffer.from(hash, 'base64url'));
  if (rootFromPath(line, index, count, hashes)?.toString('base64url') !== root)
    return forged('root-mismatch', 'the line and its path do not lead to the root that was signed');
  if (line.includes(0x0a)) return forged('lines-invalid', 'there is an LF in the line');
  if (line.length > limits.line) return forged('line-too-long', `${line.length} bytes in the line`);
  if (time === undefined) return forged('id-missing', 'the line has no valid id, and so no time');
  if (time < (fromTime(from) ?? 0) || time > (fromTime(to) ?? 0))
    return forged('range-mismatch', "the event's time is not between from and to of its batch");
  return undefined;
}

function statementOf({ arrival, revocation }: Proof) {
  const revokedAt = revocation?.revokedAt;
  return {
    arrival: arrival === undefined ? undefined : fromTime(arrival),
    revokedAt: typeof revokedAt === 'string' ? (fromTime(revokedAt) ?? null) : revokedAt,
  };
}

function notAProof(value: unknown, error: z.ZodError<Proof>): Verdict {
  const missing = missingIn(value, error);
  return missing.length > 0
    ? doubt('member-missing', `the proof has no ${missing.join(', no ')}`)
    : forged('malformed', `this is no proof: ${z.prettifyError(error).slice(0, 500)}`);
}

/** The members that are not there, if nothing else is wrong. */
function missingIn(value: unknown, { issues }: z.ZodError<Proof>): string[] {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, 'v')) return [];
  const names = issues.map(({ path }) => (path.length === 1 ? String(path[0]) : undefined));
  const missing = names.filter((name) => name !== undefined && !Object.hasOwn(value, name));
  return missing.length === issues.length ? missing.filter((name) => name !== undefined) : [];
}
