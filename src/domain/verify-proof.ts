import { z } from 'zod';
import { checkActions } from './access-log.ts';
import { fromBase64url, fromTime } from './encoding.ts';
import { forgedBy, judgeGrant } from './judge-grant.ts';
import { judgeManifest, type Statement } from './judge-manifest.ts';
import { limits } from './limits.ts';
import { type Line, readLine } from './line.ts';
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
 * would make it better. What lacks a member is `incomplete`, and nothing else of it is looked at. Never throws.
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
  if (said.kind === 'no-id') return judge(proof, line, said, pins);
  const { id, time } = said;
  const fault = said.kind === 'faulty' ? { fault: said.fault } : {};
  return { id, time, ...fault, ...judge(proof, line, said, pins) };
}

function judge(
  proof: Proof,
  line: Buffer,
  said: Line,
  pins: Pins,
): Verdict & Pick<EventVerdict, 'place'> {
  try {
    const held = judgeGrant(proof.grant, proof.issuerKey, pins);
    if (held.kind === 'forged') return held;
    const signed = parseManifest(proof.manifest);
    const { manifest } = signed;
    const wrong = judgeLine(proof, line, said, manifest);
    if (wrong !== undefined) return wrong;
    const verdict = judgeManifest(signed, held, statementOf(proof)) ?? intact;
    if (verdict.kind === 'forged') return verdict;
    if (said.kind !== 'no-id') checkActions(manifest.client, [said]);
    const { client, producer, seq } = manifest;
    const { grant, issuer } = held;
    const { tenant, via } = grant;
    const place = { tenant, client, via, producer, seq, batch: batchId(manifest), issuer };
    return { ...verdict, place };
  } catch (error) {
    return forgedBy(error);
  }
}

/** Whether the line is one that a batch may have, and is in the tree whose root the manifest names. */
function judgeLine(
  { index, path }: Proof,
  line: Buffer,
  said: Line,
  { count, root, from, to }: Manifest,
): Forgery | undefined {
  const hashes = path.map((hash) => Buffer.from(hash, 'base64url'));
  if (rootFromPath(line, index, count, hashes)?.toString('base64url') !== root)
    return forged('root-mismatch', 'the line and its path do not lead to the root that was signed');
  if (line.includes(0x0a)) return forged('lines-invalid', 'there is an LF in the line');
  if (line.length > limits.line) return forged('line-too-long', `${line.length} bytes in the line`);
  if (said.kind === 'no-id')
    return forged('id-missing', 'the line has no valid id, and so no time');
  if (said.time < (fromTime(from) ?? 0) || said.time > (fromTime(to) ?? 0))
    return forged('range-mismatch', "the event's time is not between from and to of its batch");
  return undefined;
}

function statementOf({ arrival, revocation: { revokedAt } }: Proof): Statement {
  return {
    arrival: fromTime(arrival) ?? 0,
    revokedAt: revokedAt === null ? null : (fromTime(revokedAt) ?? 0),
  };
}

function notAProof(value: unknown, error: z.ZodError<Proof>): Verdict {
  const missing = missingIn(value, error);
  return missing.length > 0
    ? doubt('member-missing', `the proof has no ${missing.join(', no ')}`)
    : forged('malformed', `this is no proof: ${z.prettifyError(error).slice(0, 500)}`);
}

/** The members that are not there, if nothing else is wrong with its form. */
function missingIn(value: unknown, { issues }: z.ZodError<Proof>): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const names = issues.map(({ path }) => (path.length === 1 ? String(path[0]) : undefined));
  const missing = names.filter((name) => name !== undefined && !Object.hasOwn(value, name));
  return missing.length === issues.length ? missing.filter((name) => name !== undefined) : [];
}
