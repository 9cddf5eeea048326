/**
 * Writes the golden vectors: `node test/vector/make.ts`. They are made once and kept; a new version of
 * Node or zstd that would write other bytes must still read these.
 */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { jwkOf } from '../../src/domain/ed25519.ts';
import { build, type Recipe } from './build.ts';
import { bundleVectors } from './bundles.ts';
import { house } from './parties.ts';
import { proofVectors } from './proofs.ts';
import { faulty, valid, wrong } from './recipes.ts';

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
const jwk = jwkOf(createPublicKey(key));
const grantId = 'Gg000000000000000000000000000000000000000A0';

function write(name: string, recipe: Recipe, expect: object): void {
  const { record, id } = build(recipe, { key, grantId });
  const vector = {
    name,
    publicKey: jwk,
    grantId,
    ...expect,
    batchId: id,
    record: record.toString('base64'),
  };
  keep(name, vector);
}

function keep(name: string, vector: object): void {
  writeFileSync(new URL(`${name}.json`, import.meta.url), `${JSON.stringify(vector, null, 2)}\n`);
}

for (const [name, recipe] of Object.entries(valid))
  write(name, recipe, { expect: 'valid', faults: [] });
for (const [name, [fault, recipe]] of Object.entries(faulty))
  write(name, recipe, { expect: 'valid', faults: [[0, fault]] });
for (const [name, [code, recipe]] of Object.entries(wrong)) write(name, recipe, { expect: code });

const pins = { issuers: [house.pin] };
for (const [name, { proof, ...vector }] of Object.entries(proofVectors))
  keep(`proof/${name}`, { name, pins, ...vector, proof });
for (const [name, { bundle, ...vector }] of Object.entries(bundleVectors))
  keep(`bundle/${name}`, { name, pins, ...vector, bundle: bundle.toString('base64') });
