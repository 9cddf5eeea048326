import { type Api, isMissing } from '../page/api.ts';
import { type Item, parseItem } from '../page/row.ts';
import { lineOf } from '../page/split-page.ts';
import { type Bytes, fromBase64url, toBase64url } from '../proof/bytes.ts';
import { proofsIn } from '../proof/proof-file.ts';
import { hasEd25519, thumbprint } from '../proof/public-key.ts';
import { type ProofVerdict, verifyProof } from '../proof/verify-proof.ts';

/** What became of checking an event in this browser. */
export type Check =
  | { readonly kind: 'checked'; readonly verdict: ProofVerdict; readonly proof: unknown }
  /** This browser has no Ed25519 (or the page came over plain http). */
  | { readonly kind: 'browser-cannot' }
  /** This deployment gives no proofs. */
  | { readonly kind: 'no-proofs' };

export interface CheckOptions {
  readonly api: Api;
  readonly tenant: string;
  readonly pinned: ReadonlySet<string>;
  readonly signal: AbortSignal;
}

/** The exact bytes of an event as the list got it. */
export function bytesOf(item: string, said: Item = parseItem(item)): Bytes {
  if ('event' in said) return new TextEncoder().encode(lineOf(item) ?? '');
  return fromBase64url(said.line) ?? new Uint8Array();
}

/** Fetches the proof of the event and verifies it here. Throws ApiProblem. */
export async function checkEvent(item: string, options: CheckOptions): Promise<Check> {
  const { api, tenant, pinned, signal } = options;
  if (!(await hasEd25519())) return { kind: 'browser-cannot' };
  const said = parseItem(item);
  const line = bytesOf(item, said);
  const id = 'event' in said ? said.event.id : said.id;
  const params = new URLSearchParams(tenant === '' ? {} : { tenant });
  // Others may bear the id, in any number: this one's batch is known.
  if (said.batchName !== undefined) params.set('batch', said.batchName);
  try {
    const answer = await api(`/v1/events/${id}/proof`, { params, signal });
    const proofs = proofsIn(await answer.json());
    const text = toBase64url(line);
    // Several events may bear the id. If none is this one, the first shows that it fails.
    const proof = proofs.find((each) => each['line'] === text) ?? proofs[0];
    if (proof === undefined) return { kind: 'no-proofs' };
    const served = await servedKeys(api, signal);
    const verdict = await verifyProof(proof, { line, batch: said.batch, pinned, served });
    return { kind: 'checked', verdict, proof };
  } catch (error) {
    if (isMissing(error)) return { kind: 'no-proofs' };
    throw error;
  }
}

/** The service's keys, by thumbprints that are computed here. None if it does not say. */
async function servedKeys(api: Api, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  try {
    const answer: unknown = await (await api('/.well-known/jwks.json', { signal })).json();
    const { keys } = answer as { keys: readonly { readonly x?: unknown }[] };
    for (const { x } of keys) if (typeof x === 'string') found.set(await thumbprint(x), x);
  } catch {
    // The proof brings its key itself: that the service does not name it is then said.
  }
  return found;
}
