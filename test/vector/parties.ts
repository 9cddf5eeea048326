/** Who is in the vectors of proofs and bundles: keys that anybody can have, so that anybody can make them again. */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { jwkOf } from '../../src/domain/ed25519.ts';
import { type Batch, signBatch } from '../../src/domain/seal.ts';
import { batchOf, type Signer } from '../fixture/batches.ts';
import { issuerOf } from '../fixture/issued.ts';
import { eventAt, start } from './build.ts';

/** Every key is 32 times one byte. */
function keyOf(byte: number): KeyObject {
  const der = Buffer.from('302e020100300506032b657004220420', 'hex');
  const key = Buffer.concat([der, Buffer.alloc(32, byte)]);
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
}

function issuer(byte: number) {
  const privateKey = keyOf(byte);
  return issuerOf({ privateKey, jwk: jwkOf(createPublicKey(privateKey)) });
}

const signerOf = (byte: number, over: Partial<Signer> = {}): Signer => ({
  client: 'billing',
  producer: `019bc3a5-0000-7000-8000-0000000000${byte.toString(16).padStart(2, '0')}`,
  grantId: Buffer.alloc(32, byte).toString('base64url'),
  key: keyOf(byte + 0x80),
  ...over,
});

export const house = issuer(1);
export const forger = issuer(2);
export const billing = signerOf(3);
export const crm = signerOf(4, { client: 'crm' });
/** The read API. */
export const reader = signerOf(6, { client: 'sealtrail.read' });
/** Calls itself what `billing` is called, with a key of its own. */
export const impostor = signerOf(5, { producer: billing.producer, grantId: billing.grantId });

/** Granted an hour, from a minute before the first event on. */
const iat = start / 1000 - 60;
const granted = { iat, exp: iat + 3600, retentionDays: 365, checkedAt: start + 86_400_000 };
export const grantOf = (who: Signer, over: Parameters<typeof house.grant>[1] = {}, by = house) =>
  by.grant(who, { ...granted, ...over });

export const eventLines = (count: number, ms = start, tag = 0) =>
  Array.from({ length: count }, (_, n) =>
    Buffer.from(JSON.stringify(eventAt(ms + n * 10, tag * 100 + n))),
  );

/** The bytes of these do not depend on the zstd of the day: nothing is compressed. */
export const sealed = (
  who: Signer,
  lines: readonly Buffer[],
  over: Parameters<typeof batchOf>[1] = {},
): Batch =>
  batchOf(lines, { client: who.client, producer: who.producer, enc: 'identity', ...over });

export const signed = (who: Signer, batch: Batch): Buffer => signBatch(batch, who.grantId, who.key);

export const manifestIn = (record: Buffer): string =>
  record.toString('latin1', 0, record.indexOf(0x0a));

/** Another first letter of a text in base64url. */
export const changed = (text: string, at: number) =>
  text.slice(0, at) + (text[at] === 'A' ? 'Q' : 'A') + text.slice(at + 1);

/** A JWS whose payload says something else, under the signature that it had. */
export function tampered(jws: string, find: string, by: string): string {
  const [header, payload = '', signature] = jws.split('.');
  const text = Buffer.from(payload, 'base64url').toString().replace(find, by);
  return `${header}.${Buffer.from(text).toString('base64url')}.${signature}`;
}
