import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { compactVerify, createRemoteJWKSet, importJWK, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseRecord } from '../../src/domain/manifest.ts';
import { signBatch } from '../../src/domain/seal.ts';
import { lines } from '../fixture/events.ts';
import type { Pipeline } from '../fixture/pipeline.ts';
import { sharedPipeline } from '../fixture/shared-pipeline.ts';
import { composed, put, sealed, vend } from '../fixture/vended.ts';

let pipeline: Pipeline;

beforeAll(async () => {
  pipeline = await sharedPipeline();
});
afterAll(() => pipeline?.close());

describe('a batch that is sent again under a newer grant', () => {
  test.each([
    ['in the same invocation', false],
    ['after it is stored', true],
  ])('%s is the same batch: one row, and each event once', async (_, afterwards) => {
    const tenant = await pipeline.tenant('renewed');
    const own = lines(Date.now(), 4);
    const batch = composed(own, { client: tenant.client });
    const [older, newer] = [await vend(pipeline.url, tenant), await vend(pipeline.url, tenant)];
    const [first, second] = [older, newer].map(({ grantId, key }) =>
      signBatch(batch, grantId, key),
    ) as [Buffer, Buffer];
    expect(first.equals(second)).toBe(false);
    for (const records of afterwards ? [[first], [second]] : [[first, second]]) {
      await put(newer, records, () => 'one key');
      await pipeline.drained();
    }
    const rows = await pipeline.batches(tenant);
    expect(rows.map(({ sk }) => sk?.S)).toEqual([`${batch.to}#${batch.id}`]);
    expect(await pipeline.log(tenant)).toEqual(own.map(String));
    expect(await pipeline.quarantined()).toEqual([]);
  });
});

describe('an independent JOSE library', () => {
  test('verifies a grant against the keys that the token service publishes, and a stored manifest against the grant', async () => {
    const tenant = await pipeline.tenant('auditor');
    const vended = await vend(pipeline.url, tenant);
    await put(vended, [sealed(vended, lines(Date.now(), 3))]);
    await pipeline.drained();

    const keys = createRemoteJWKSet(new URL(`${pipeline.url}/.well-known/jwks.json`));
    const grant = await jwtVerify<{ cnf: { jwk: { kty: 'OKP'; crv: string; x: string } } }>(
      await loggedGrant(vended.grantId),
      keys,
      { issuer: 'sealtrail/dev', typ: 'sealtrail-grant+jwt', algorithms: ['EdDSA'] },
    );
    expect(grant.payload).toMatchObject({ sub: tenant.client, tenant: tenant.id });

    const [row] = await pipeline.batches(tenant);
    const record = Buffer.from(row?.['record']?.B ?? []);
    const manifest = record.toString('latin1', 0, record.indexOf(0x0a));
    const key = await importJWK(grant.payload.cnf.jwk, 'EdDSA');
    const verified = await compactVerify(manifest, key, { algorithms: ['EdDSA'] });
    expect(verified.protectedHeader).toMatchObject({
      kid: grant.payload.jti,
      typ: 'sealtrail-manifest+jwt',
    });
    expect(JSON.parse(Buffer.from(verified.payload).toString())).toEqual(
      parseRecord(record).manifest,
    );
  });

  test('refuses a grant that somebody else signed with the same header', async () => {
    const [mine, theirs] = await Promise.all(
      ['mine', 'theirs'].map(async (name) => vend(pipeline.url, await pipeline.tenant(name))),
    );
    const [header, payload] = (mine?.jwt ?? '').split('.');
    const signature = (theirs?.jwt ?? '').split('.')[2];
    const keys = createRemoteJWKSet(new URL(`${pipeline.url}/.well-known/jwks.json`));
    await expect(jwtVerify(`${header}.${payload}.${signature}`, keys)).rejects.toThrow(
      /signature verification failed/,
    );
  });

  /** The grant as it is logged, by which batches are judged. */
  async function loggedGrant(id: string): Promise<string> {
    const dynamodb = new DynamoDBClient(pipeline.asRoot);
    const command = new GetItemCommand({
      TableName: pipeline.output('GrantsTable'),
      Key: { id: { S: id } },
    });
    const { Item } = await dynamodb.send(command);
    dynamodb.destroy();
    return Item?.['jwt']?.S ?? '';
  }
});
