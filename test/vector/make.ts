/**
 * Writes the golden vectors: `node test/vector/make.ts`. They are made once and kept; a new version of
 * Node or zstd that would write other bytes must still read these.
 */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { jwkOf } from '../../src/domain/ed25519.ts';
import { build, type Recipe } from './build.ts';
import { bundleVectors } from './bundles.ts';
import { bundleComments, grantedComments, proofComments, recordComments } from './comments.ts';
import type {
  BundleGroup,
  GrantedGroup,
  Pinned,
  ProofGroup,
  RecordCase,
  RecordGroup,
  VectorFile,
} from './files.ts';
import { house } from './parties.ts';
import { toParts } from './parts.ts';
import { proofVectors } from './proofs.ts';
import { faulty, valid, wrong } from './recipes.ts';
import { underGrants } from './under-grants.ts';

/** The test key of RFC 8037, appendix A.1: anybody may sign with it. */
const key = createPrivateKey({
  key: {
    kty: 'OKP',
    crv: 'Ed25519',
    d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
    x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
  },
  format: 'jwk',
});
const grantId = 'Gg000000000000000000000000000000000000000A0';

function commentOn(comments: Readonly<Record<string, string>>, name: string): string {
  const comment = comments[name];
  if (comment === undefined) throw new TypeError(`say in comments.ts what ${name} is about`);
  return comment;
}

function recordCase(name: string, recipe: Recipe, expect: Partial<RecordCase>): RecordCase {
  const { record, id } = build(recipe, { key, grantId });
  const comment = commentOn(recordComments, name);
  const result = expect.code === undefined ? 'valid' : 'invalid';
  const faults = result === 'valid' ? { batchId: id, faults: [], ...expect } : expect;
  return { name, comment, input: toParts(record), result, ...faults };
}

const records: RecordGroup = {
  name: 'records',
  comment: 'what a record shows by itself and the key of its grant, which the test knows',
  publicKey: jwkOf(createPublicKey(key)),
  grantId,
  cases: [
    ...Object.entries(valid).map(([name, recipe]) => recordCase(name, recipe, {})),
    ...Object.entries(faulty).map(([name, [fault, recipe]]) =>
      recordCase(name, recipe, { faults: [[0, fault]] }),
    ),
    ...Object.entries(wrong).map(([name, [code, recipe]]) => recordCase(name, recipe, { code })),
  ],
};

const granted: GrantedGroup = {
  name: 'records under a grant',
  comment: 'what depends on the grant, and on when the record arrived',
  issuerKeys: [house.key.jwk],
  cases: Object.entries(underGrants).map(([name, { record, expect, ...about }]) => ({
    name,
    comment: commentOn(grantedComments, name),
    input: toParts(record),
    ...about,
    ...(expect === 'valid'
      ? { result: 'valid' as const }
      : { result: 'invalid' as const, code: expect }),
  })),
};

/** One group for all that trust the same. */
function byPins<V extends { readonly pins?: Pinned }>(vectors: Readonly<Record<string, V>>) {
  const house1: Pinned = { issuers: [house.pin] };
  const groups = Map.groupBy(Object.entries(vectors), ([, { pins = house1 }]) =>
    JSON.stringify(pins),
  );
  return [...groups].map(([text, entries]) => {
    const pins = JSON.parse(text) as Pinned;
    const whose = pins.issuers.length === 0 ? 'no issuer is pinned' : 'the issuer is pinned';
    const name = pins.tenant === undefined ? whose : `${whose}, another tenant is asked for`;
    return { name, comment: 'what a verifier trusts is in `pins`', pins, entries };
  });
}

const proofs: ProofGroup[] = byPins(proofVectors).map(({ entries, ...group }) => ({
  ...group,
  cases: entries.map(([name, { proof, expect: result, code }]) => ({
    name,
    comment: commentOn(proofComments, name),
    input: toParts(Buffer.isBuffer(proof) ? proof : Buffer.from(JSON.stringify(proof))),
    result,
    ...(code === undefined ? {} : { code }),
  })),
}));

const bundles: BundleGroup[] = byPins(bundleVectors).map(({ entries, ...group }) => ({
  ...group,
  cases: entries.map(([name, { bundle, expect: result, file, batches, chains }]) => ({
    name,
    comment: commentOn(bundleComments, name),
    input: toParts(bundle),
    result,
    file,
    batches,
    chains,
  })),
}));

function write<G extends { readonly cases: readonly unknown[] }>(
  name: string,
  about: string,
  groups: readonly G[],
): void {
  const numberOfCases = groups.reduce((sum, { cases }) => sum + cases.length, 0);
  const file: VectorFile<G> = { format: 'sealtrail 1', about, numberOfCases, groups };
  writeFileSync(new URL(`${name}.json`, import.meta.url), `${JSON.stringify(file, null, 1)}\n`);
}

write('batch', 'records on the stream: FORMAT.md, sections 1 to 7', [records, granted]);
write('proof', 'proofs of one event: FORMAT.md, section 8', proofs);
write('bundle', 'bundles: FORMAT.md, section 9', bundles);
