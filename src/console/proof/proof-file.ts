import { limits } from '../../domain/limits.ts';
import { digestForm, isText, isWhole, timeOf } from './forms.ts';

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
  readonly revocation: { readonly checkedAt: string; readonly revokedAt: string | null };
  readonly arrival: string;
  /** A JWK; members that are not named here are ignored. */
  readonly issuerKey: { readonly kty: 'OKP'; readonly crv: 'Ed25519'; readonly x: string };
}

type Members = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isJws = (value: unknown) => typeof value === 'string' && value.length <= limits.manifest;

const forms: Readonly<Record<keyof ProofFile, (value: unknown) => boolean>> = {
  v: (value) => value === 1,
  line: (value) => isText(value, /^[A-Za-z0-9_-]{1,87382}$/),
  index: (value) => isWhole(value, 0, limits.events - 1),
  path: (value) =>
    Array.isArray(value) && value.length <= 10 && value.every((each) => isText(each, digestForm)),
  manifest: isJws,
  grant: isJws,
  revocation: (value) =>
    isObject(value) &&
    Object.keys(value).sort().join(' ') === 'checkedAt revokedAt' &&
    timeOf(value['checkedAt']) !== undefined &&
    (value['revokedAt'] === null || timeOf(value['revokedAt']) !== undefined),
  arrival: (value) => timeOf(value) !== undefined,
  issuerKey: (value) =>
    isObject(value) &&
    value['kty'] === 'OKP' &&
    value['crv'] === 'Ed25519' &&
    isText(value['x'], digestForm),
};
const names = Object.keys(forms) as (keyof ProofFile)[];

/** A proof, or why it is none: a member that is no proof's, or of another form; or the members that it lacks. */
export function readProof(
  value: unknown,
):
  | { readonly proof: ProofFile }
  | { readonly wrong: string }
  | { readonly missing: readonly string[] } {
  if (!isObject(value)) return { wrong: 'it is no object' };
  for (const name of Object.keys(value))
    if (!Object.hasOwn(forms, name) || !forms[name as keyof ProofFile](value[name]))
      return { wrong: `its ${name}` };
  const missing = names.filter((name) => !Object.hasOwn(value, name));
  return missing.length > 0 ? { missing } : { proof: value as unknown as ProofFile };
}

/** What an answer holds: one proof, or one for each event that bears the id; whether they are proofs is not known yet. */
export function proofsIn(answer: unknown): Members[] {
  if (!isObject(answer)) return [];
  // Not of the proof: whether there are more, and what the API could not look into.
  const { others, more: _, holes: __, ...first } = answer;
  return [first, ...(Array.isArray(others) ? others.filter(isObject) : [])];
}
