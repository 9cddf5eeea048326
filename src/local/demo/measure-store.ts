import { type AttributeValue, DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3';
import type { LocalDeployment } from '../deployment.ts';
import { outputOf } from './tenants.ts';

/**
 * Bytes of all items in the table of batches, as DynamoDB counts them: names, and values.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
 */
export async function storedBytes(deployment: LocalDeployment): Promise<number> {
  const { url: endpoint, credentials, place } = deployment;
  const client = new DynamoDBClient({ endpoint, credentials, region: place.region });
  let bytes = 0;
  for await (const page of paginateScan(
    { client },
    { TableName: outputOf(deployment, 'BatchesTable') },
  ))
    for (const item of page.Items ?? [])
      for (const [name, value] of Object.entries(item)) bytes += name.length + sizeOf(value);
  client.destroy();
  return bytes;
}

function sizeOf({ S, N, B, BOOL }: AttributeValue): number {
  if (S !== undefined) return Buffer.byteLength(S);
  if (B !== undefined) return B.length;
  if (N !== undefined) return Math.ceil(N.length / 2) + 1;
  return BOOL === undefined ? 0 : 1;
}

/** Records in the quarantine bucket. */
export async function quarantined(deployment: LocalDeployment): Promise<number> {
  const { url: endpoint, credentials, place } = deployment;
  const client = new S3Client({
    endpoint,
    credentials,
    region: place.region,
    forcePathStyle: true,
  });
  const Bucket = outputOf(deployment, 'QuarantineBucket');
  let records = 0;
  for await (const page of paginateListObjectsV2({ client }, { Bucket })) {
    for (const { Key } of page.Contents ?? []) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
      const content = (await Body?.transformToString()) ?? '';
      records += content.split('\n').filter((line) => line !== '').length;
    }
  }
  client.destroy();
  return records;
}
