import { randomUUID } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetPublicKeyCommand, KMSClient, SignCommand } from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generateKey, thumbprint } from '../../src/domain/ed25519.ts';
import { sha256 } from '../../src/domain/encoding.ts';
import { grantHeader, grantId, grantPayload } from '../../src/domain/grant.ts';
import { signingInput, signJws } from '../../src/domain/jws.ts';
import { issuerKeys } from '../../src/lambda/issuer-keys.ts';
import { createGrantLog } from '../../src/store/grant-log.ts';
import { lines } from '../fixture/events.ts';
import { openPipeline, type Pipeline, type Quarantined } from '../fixture/pipeline.ts';
import { put, sealed, type Tenant, type Vended, vend } from '../fixture/vended.ts';

let pipeline: Pipeline;
let dynamodb: DynamoDBClient;
let kms: KMSClient;
let acme: Tenant;
let good: Vended;

const now = Date.now();
const genuine = lines(now, 3);
const minute = 60_000;

beforeAll(async () => {
  pipeline = await openPipeline();
  dynamodb = new DynamoDBClient(pipeline.asRoot);
  kms = new KMSClient(pipeline.asRoot);
  acme = await pipeline.tenant('acme');
  good = await vend(pipeline.url, acme);
});
afterAll(async () => {
  dynamodb?.destroy();
  kms?.destroy();
  await pipeline?.close();
});

const grantLog = () => createGrantLog({ client: dynamodb, table: pipeline.output('GrantsTable') });

/** A vended session with a grant that ended at `exp` (epoch ms), signed with the issuer's key unless told otherwise. */
async function withGrant(
  exp: number,
  sign: (header: string, payload: string) => Promise<string> = signByIssuer,
): Promise<Vended> {
  const { privateKey: key, jwk } = generateKey();
  const id = grantId(thumbprint(jwk), randomUUID());
  const [issuer] = await issuers();
  const about = {
    iss: 'sealtrail/dev',
    sub: acme.client,
    tenant: acme.id,
    jti: id,
    cnf: { jwk },
    iat: Math.floor(exp / 1000) - 3600,
    exp: Math.floor(exp / 1000),
    retentionDays: 36_500,
    shards: 1,
  };
  const jwt = await sign(grantHeader(issuer?.thumbprint ?? ''), grantPayload(about));
  const { tenant, sub: client, iat: issuedAt, exp: expiresAt } = about;
  await grantLog().insert(id, jwt, { tenant, client, issuedAt, expiresAt });
  return { ...good, grantId: id, jwt, key };
}

const keyArn = () => pipeline.resourceOf('TokenServiceTokenRole', 'SignGrants');

const issuers = () =>
  issuerKeys(keyArn(), async (KeyId) => {
    const { PublicKey } = await kms.send(new GetPublicKeyCommand({ KeyId }));
    return PublicKey ?? new Uint8Array();
  })();

async function signByIssuer(header: string, payload: string): Promise<string> {
  const message = signingInput(header, payload);
  const { Signature = new Uint8Array() } = await kms.send(
    new SignCommand({
      KeyId: keyArn(),
      Message: Buffer.from(message),
      MessageType: 'RAW',
      SigningAlgorithm: 'ED25519_SHA_512',
    }),
  );
  return `${message}.${Buffer.from(Signature).toString('base64url')}`;
}

const stranger = generateKey().privateKey;

/** Flips the lowest bit of a byte, counted from the end if negative. */
function flipped(record: Buffer, at: number): Buffer {
  const copy = Buffer.from(record);
  const index = at < 0 ? copy.length + at : at;
  copy[index] = (copy[index] ?? 0) ^ 1;
  return copy;
}

/** The same record whose manifest claims one event more: still well formed. */
function claimed(record: Buffer): Buffer {
  const lf = record.indexOf(0x0a);
  const [header, payload = '', signature] = record.toString('latin1', 0, lf).split('.');
  const manifest = Buffer.from(payload, 'base64url').toString().replace('"count":3', '"count":4');
  const forged = Buffer.from(manifest).toString('base64url');
  return Buffer.concat([
    Buffer.from(`${header}.${forged}.${signature}`, 'latin1'),
    record.subarray(lf),
  ]);
}

const seal = (who: Vended, over?: Parameters<typeof sealed>[2]) =>
  sealed(who, lines(now, 3), { enc: 'identity', ...over });

/** What is put on the stream, by acme's own session; and the code that it must get. */
const forged: Record<string, [code: string, make: () => Promise<Buffer>]> = {
  'signed with another key': ['signature-invalid', async () => seal({ ...good, key: stranger })],
  'under the grant of another tenant, signed with the key of its own': [
    'signature-invalid',
    async () => {
      const victim = await vend(pipeline.url, await pipeline.tenant('victim'));
      return seal({ ...good, grantId: victim.grantId });
    },
  ],
  'with one bit of its body changed': ['root-mismatch', async () => flipped(seal(good), -20)],
  'with its manifest changed': ['signature-invalid', async () => claimed(seal(good))],
  'with a client that is not the grant’s': [
    'client-mismatch',
    async () => seal(good, { client: 'payroll' }),
  ],
  'under a grant that nobody issued': [
    'grant-unknown',
    async () => seal({ ...good, grantId: sha256('nobody').toString('base64url') }),
  ],
  'under a grant that is logged but that the issuer did not sign': [
    'grant-unknown',
    async () => {
      const sign = async (header: string, payload: string) => signJws(header, payload, stranger);
      return seal(await withGrant(now + 60 * minute, sign));
    },
  ],
  'under the row of another grant': [
    'grant-unknown',
    async () => {
      const id = sha256('borrowed').toString('base64url');
      const about = { tenant: acme.id, client: acme.client, issuedAt: 1, expiresAt: 2 };
      await grantLog().insert(id, good.jwt, about);
      return seal({ ...good, grantId: id });
    },
  ],
  'under a grant that was revoked before it arrived': [
    'grant-revoked',
    async () => {
      const revoked = await vend(pipeline.url, acme);
      await grantLog().revoke(revoked.grantId, Date.now());
      return seal(revoked);
    },
  ],
  'sixteen minutes after its grant’s end': [
    'grant-expired',
    async () => seal(await withGrant(now - 16 * minute)),
  ],
};

describe('a record that a holder of credentials forged', () => {
  const records = new Map<string, Buffer>();
  let quarantined: Quarantined[];
  let before: string[];

  beforeAll(async () => {
    await put(good, [sealed(good, genuine)]);
    await pipeline.drained();
    before = await pipeline.log(acme);
    for (const [name, [, make]] of Object.entries(forged)) records.set(name, await make());
    await put(good, [...records.values()]);
    await pipeline.drained();
    quarantined = await pipeline.quarantined();
  });

  test.each(Object.entries(forged).map(([name, [code]]) => [name, code] as const))(
    '%s is quarantined raw, as %s',
    (name, code) => {
      const found = quarantined.filter(({ record }) => record.equals(records.get(name) ?? record));
      expect(found.map((each) => each.code)).toEqual([code]);
    },
  );

  test('changes nothing that a reader sees', async () => {
    expect(before).toEqual(genuine.map(String));
    expect(await pipeline.log(acme)).toEqual(before);
  });

  test('is not said to be a tenant’s unless signature and root prove it', () => {
    const proved = quarantined.filter(({ tenant }) => tenant !== undefined);
    expect(new Set(proved.map(({ code }) => code))).toEqual(
      new Set(['client-mismatch', 'grant-expired', 'grant-revoked']),
    );
    expect(proved.every(({ tenant }) => tenant === acme.id)).toBe(true);
  });
});

describe('a record that is honest', () => {
  test('is stored when it arrives within 15 minutes of its grant’s end', async () => {
    const late = await withGrant(now - 14 * minute);
    const own = lines(now, 2);
    await put(late, [sealed(late, own)]);
    await pipeline.drained();
    expect(await pipeline.log(acme)).toEqual(expect.arrayContaining(own.map(String)));
  });

  test('is stored when it arrived before its grant was revoked', async () => {
    const tenant = await pipeline.tenant('leaver');
    const vended = await vend(pipeline.url, tenant);
    await grantLog().revoke(vended.grantId, Date.now() + 60 * minute);
    await put(vended, [sealed(vended, genuine)]);
    await pipeline.drained();
    expect(await pipeline.log(tenant)).toEqual(genuine.map(String));
  });

  test('is one row and one event each, however often and wherever it is replayed', async () => {
    const tenant = await pipeline.tenant('replayed');
    const vended = await vend(pipeline.url, tenant);
    const record = sealed(vended, genuine);
    await pipeline.drained(); // of the records of earlier reads
    const { succeeded } = pipeline.deployment.mapping.stats;
    const quarantinedBefore = (await pipeline.quarantined()).length;
    await put(vended, Array(8).fill(record));
    await pipeline.drained();
    await put(vended, Array(8).fill(record), (i) => `another-key-${i}`);
    await pipeline.drained();
    expect(pipeline.deployment.mapping.stats.succeeded - succeeded).toBe(16);
    expect(await pipeline.quarantined()).toHaveLength(quarantinedBefore);
    expect(await pipeline.batches(tenant)).toHaveLength(1);
    expect(await pipeline.log(tenant)).toEqual(genuine.map(String));
  });
});
