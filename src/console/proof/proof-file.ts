/** A proof as `GET /v1/events/{id}/proof` gives it (FORMAT.md), with nothing of it believed. */
export interface ProofFile {
  readonly v: 1;
  /** The event's exact bytes, base64url. */
  readonly line: string;
  readonly index: number;
  readonly path: readonly string[];
  /** Compact JWS, both. */
  readonly manifest: string;
  readonly grant: string;
  readonly revocation?: { readonly checkedAt: string; readonly revokedAt: string | null };
  readonly arrival?: string;
  readonly issuerKey?: { readonly x: string };
}

/** The proofs that an answer holds: one, or one for each event that bears the id. */
export function proofsIn(answer: unknown): ProofFile[] {
  if (Array.isArray(answer)) return answer.filter(isProofFile);
  if (isProofFile(answer)) {
    const { others } = answer as { others?: unknown };
    return [answer, ...(Array.isArray(others) ? others.filter(isProofFile) : [])];
  }
  const { proofs } = Object(answer) as { proofs?: unknown };
  return Array.isArray(proofs) ? proofs.filter(isProofFile) : [];
}

function isProofFile(value: unknown): value is ProofFile {
  const { v, line, index, path, manifest, grant } = Object(value) as Record<string, unknown>;
  const texts = [line, manifest, grant, ...(Array.isArray(path) ? path : [undefined])];
  return v === 1 && Number.isInteger(index) && texts.every((each) => typeof each === 'string');
}
