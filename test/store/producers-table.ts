import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { createDynamoDb } from '../../src/local/dynamodb/service.ts';
import { partitionKey, sortKey, watchAttribute, watchIndex } from '../../src/store/keys.ts';
import { serveService } from '../fixture/serve-service.ts';

/** The `producers` table as the stack creates it, in a local DynamoDB of its own. */
export async function startProducersTable() {
  const service = createDynamoDb({ account: '123456789012', region: 'us-east-1' });
  const table = 'producers';
  await service.createTable({
    TableName: table,
    AttributeDefinitions: [partitionKey, sortKey, watchAttribute].map((AttributeName) => ({
      AttributeName,
      AttributeType: 'S',
    })),
    KeySchema: [
      { AttributeName: partitionKey, KeyType: 'HASH' },
      { AttributeName: sortKey, KeyType: 'RANGE' },
    ],
    GlobalSecondaryIndexes: [
      {
        IndexName: watchIndex,
        KeySchema: [{ AttributeName: watchAttribute, KeyType: 'HASH' }],
        Projection: { ProjectionType: 'ALL' },
      },
    ],
    BillingMode: 'PAY_PER_REQUEST',
  });
  const { endpoint, close } = await serveService(service);
  const credentials = { accessKeyId: 'x', secretAccessKey: 'x' };
  const client = new DynamoDBClient({ endpoint, region: 'us-east-1', credentials, maxAttempts: 1 });
  return {
    client,
    table,
    async close() {
      client.destroy();
      await close();
    },
  };
}
