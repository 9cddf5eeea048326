/** The files of vectors, as tests read them (README.md). */
import { readFileSync } from 'node:fs';
import type { PublicJwk } from '../../src/domain/ed25519.ts';
import type { Part } from './parts.ts';

interface Case {
  readonly name: string;
  readonly comment: string;
  readonly input: readonly Part[];
  readonly result: string;
  /** Why, where it is not valid or intact. */
  readonly code?: string;
}

export interface Pinned {
  readonly issuers: readonly string[];
  readonly tenant?: string;
}

interface Group<C extends Case> {
  readonly name: string;
  readonly comment: string;
  readonly cases: readonly C[];
}

export interface VectorFile<G> {
  readonly format: 'sealtrail 1';
  readonly about: string;
  readonly numberOfCases: number;
  readonly groups: readonly G[];
}

export interface RecordCase extends Case {
  readonly result: 'valid' | 'invalid';
  readonly faults?: readonly [number, string][];
  readonly batchId?: string;
}
export interface RecordGroup extends Group<RecordCase> {
  readonly publicKey: PublicJwk;
  readonly grantId: string;
}
export interface GrantedCase extends RecordCase {
  readonly grant: string;
  readonly arrival: string;
  readonly revokedAt: string | null;
}
export interface GrantedGroup extends Group<GrantedCase> {
  readonly issuerKeys: readonly PublicJwk[];
}

type Kind = 'intact' | 'incomplete' | 'forged';
interface ProofCase extends Case {
  readonly result: Kind;
}
export interface ProofGroup extends Group<ProofCase> {
  readonly pins: Pinned;
}
interface BundleCase extends Case {
  readonly result: Kind;
  readonly file: string;
  readonly batches: readonly string[];
  readonly chains: readonly string[];
}
export interface BundleGroup extends Group<BundleCase> {
  readonly pins: Pinned;
}

function read<G>(name: string): VectorFile<G> {
  return JSON.parse(readFileSync(new URL(`${name}.json`, import.meta.url), 'utf8'));
}

export const batchFile = () => read<RecordGroup | GrantedGroup>('batch');
export const proofFile = () => read<ProofGroup>('proof');
export const bundleFile = () => read<BundleGroup>('bundle');
