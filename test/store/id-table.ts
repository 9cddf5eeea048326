import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { createDynamoDb } from '../../src/local/dynamodb/service.ts';
import { serveService } from '../fixture/serve-service.ts';

/** An empty table whose key is `id`, in a local DynamoDB of its own. */
export async function startIdTable(table: string): Promise<{
  readonly client: DynamoDBClient;
  readonly table: string;
  close(): Promise<void>;
}> {
  const service = createDynamoDb({ account: '123456789012', region: 'us-east-1' });
  await service.createTable({
    TableName: table,
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
  });
  const { endpoint, close } = await serveService(service);
  const client = new DynamoDBClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
    maxAttempts: 1,
  });
  return {
    client,
    table,
    async close() {
      client.destroy();
      await close();
    },
  };
}
