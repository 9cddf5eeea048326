import { limits } from '../../domain/limits.ts';
import { type Bytes, fromBase64url, sha256Text, toBase64url } from './bytes.ts';
import { judgeAction, judgeLine } from './judge-line.ts';
import { parseJws } from './jws.ts';
import { rootFromPath } from './merkle.ts';
import { type ProofFile, readProof } from './proof-file.ts';
import { keyBytes, thumbprint, verifies } from './public-key.ts';
import { readGrant } from './read-grant.ts';
import { readManifest } from './read-manifest.ts';

/** A link of the chain, and what was found. */
export interface Step {
  readonly name: 'bytes' | 'tree' | 'manifest' | 'grant' | 'issuer' | 'revocation';
  readonly state: 'holds' | 'fails' | 'open';
  readonly says: string;
}

/** `intact`: all holds, by a pinned key. `incomplete`: nothing is wrong, something is open. `forged`: a link fails. */
export interface ProofVerdict {
  readonly kind: 'intact' | 'incomplete' | 'forged';
  readonly steps: readonly Step[];
  /** Thumbprint of the key that signed the grant, once its signature holds. */
  readonly issuer: string | undefined;
  readonly tenant: string | undefined;
}

/** What the page knows without the proof. */
export interface Known {
  /** The exact bytes of the event that is shown. */
  readonly line: Bytes;
  /** Batch that the list says it is of. */
  readonly batch: string;
  /** Thumbprints that the user has pinned; empty: none is. */
  readonly pinned: ReadonlySet<string>;
  /** Keys by thumbprint, as the service's jwks says. */
  readonly served: ReadonlyMap<string, string>;
}

/**
 * Checks a proof by the browser's own SHA-256 and Ed25519: line → Merkle path → manifest's signature → grant's signature
 * → issuer's key. Stops at the first link that fails, and at once where a member is missing. Needs {@link hasEd25519}.
 */
export async function verifyProof(answer: unknown, known: Known): Promise<ProofVerdict> {
  const steps: Step[] = [];
  const found: { issuer?: string; tenant?: string } = {};
  const end = (): ProofVerdict => ({
    kind: kindOf(steps),
    steps,
    issuer: found.issuer,
    tenant: found.tenant,
  });
  const holds = (name: Step['name'], says: string) => steps.push({ name, state: 'holds', says });
  const fails = (name: Step['name'], says: string) => {
    steps.push({ name, state: 'fails', says });
    return end();
  };

  const read = readProof(answer);
  if ('wrong' in read) return fails('bytes', `This is no proof of version 1: ${read.wrong}.`);
  if ('missing' in read) {
    const says = `The proof has no ${read.missing.join(', no ')}: nothing of it was checked.`;
    steps.push({ name: 'bytes', state: 'open', says });
    return end();
  }
  const { proof } = read;
  const line = fromBase64url(proof.line);
  if (line === undefined || toBase64url(line) !== toBase64url(known.line))
    return fails('bytes', 'The proof is of other bytes than those shown here.');
  holds('bytes', `The proof is of exactly the ${line.length} bytes shown here.`);

  const manifest = parseJws(proof.manifest, 'sealtrail-manifest+jwt');
  const said = manifest && readManifest(manifest);
  if (!manifest || !said) return fails('manifest', 'The manifest is not one of version 1.');
  const path = proof.path.map(fromBase64url);
  const root = path.every((hash) => hash !== undefined)
    ? await rootFromPath(line, proof.index, said.count, path)
    : undefined;
  if (root === undefined || toBase64url(root) !== said.root)
    return fails('tree', 'The line and its Merkle path do not lead to the root that was signed.');
  const unfit = judgeLine(line, said);
  if (unfit !== undefined) return fails('tree', unfit);
  holds('tree', `Line ${proof.index + 1} of the ${said.count} that were sealed together.`);

  const grant = parseJws(proof.grant, 'sealtrail-grant+jwt');
  const given = grant && readGrant(grant);
  const clientKey = given && keyBytes(given.x);
  if (!grant || !given || !clientKey) return fails('grant', 'The grant is not a grant of ours.');
  if (manifest.keyId !== given.jti)
    return fails('manifest', 'The manifest was signed under another grant.');
  if (!(await verifies(clientKey, manifest.signature, manifest.signed)))
    return fails('manifest', 'The manifest’s signature does not hold.');
  if (said.client !== given.sub)
    return fails(
      'manifest',
      `The manifest names the client ${said.client}, its grant ${given.sub}.`,
    );
  if ((await sha256Text(said.identity)) !== known.batch)
    return fails('manifest', 'The manifest is of another batch than the one shown here.');
  const forbidden = judgeAction(line, given.sub);
  if (forbidden !== undefined) return fails('manifest', forbidden);
  const by = given.via === 'service' ? 'the service itself, not by an application: ' : '';
  holds(
    'manifest',
    `Sealed by ${by}the client ${given.sub}, as number ${said.seq} of its producer.`,
  );

  const { x } = proof.issuerKey;
  const issuerKey = keyBytes(x);
  if (issuerKey === undefined || (await thumbprint(x)) !== grant.keyId)
    return fails('issuer', 'The key that is given is not the one that signed the grant.');
  if (!(await verifies(issuerKey, grant.signature, grant.signed)))
    return fails('grant', 'The grant’s signature does not hold.');
  found.issuer = grant.keyId;
  found.tenant = given.tenant;
  const wrong = outOfForce(proof, said, given);
  if (wrong !== undefined) return fails('grant', wrong);
  holds('grant', `Granted for the tenant ${given.tenant}.`);

  steps.push(judgeIssuer(grant.keyId, known), judgeRevocation(proof));
  return end();
}

function kindOf(steps: readonly Step[]): ProofVerdict['kind'] {
  if (steps.some(({ state }) => state === 'fails')) return 'forged';
  return steps.some(({ state }) => state === 'open') ? 'incomplete' : 'intact';
}

/** Why the batch cannot have been accepted under the grant. */
function outOfForce(
  { arrival }: ProofFile,
  { to }: { readonly to: number },
  { exp }: { readonly exp: number },
): string | undefined {
  const end = exp + limits.graceMs;
  const arrived = Date.parse(arrival);
  if (to - limits.aheadMs > end || arrived > end)
    return 'The grant had ended before the batch can have arrived.';
  return arrived < to - limits.aheadMs
    ? 'It is said to have arrived before its events happened.'
    : undefined;
}

function judgeIssuer(issuer: string, { pinned, served }: Known): Step {
  if (pinned.has(issuer))
    return {
      name: 'issuer',
      state: 'holds',
      says: 'By the issuer’s key that is pinned in this browser.',
    };
  if (pinned.size > 0)
    return {
      name: 'issuer',
      state: 'fails',
      says: 'By another key than the one pinned in this browser. If the issuer has rotated its key, compare the thumbprint and pin it too.',
    };
  const by = served.has(issuer)
    ? 'which this service names as its own'
    : 'which this service does not name';
  return {
    name: 'issuer',
    state: 'open',
    says: `By the key ${issuer}, ${by}. Nobody has said that it is the right one: compare it with one that you were given otherwise, and pin it.`,
  };
}

function judgeRevocation({ revocation, arrival }: ProofFile): Step {
  const name = 'revocation';
  const { revokedAt } = revocation;
  if (revokedAt === null)
    return { name, state: 'holds', says: 'The service says that the grant is not revoked.' };
  return Date.parse(arrival) < Date.parse(revokedAt)
    ? {
        name,
        state: 'holds',
        says: 'The service says that it arrived before its grant was revoked.',
      }
    : { name, state: 'open', says: `The service says that its grant was revoked at ${revokedAt}.` };
}
