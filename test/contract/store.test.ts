import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { createDynamoDb } from '../../src/local/dynamodb/service.ts';
import { createBatchReader } from '../../src/store/batch-reader.ts';
import { createBatchWriter } from '../../src/store/batch-writer.ts';
import { MemoryStore } from '../fake/memory-store.ts';
import { batchesTable } from '../fixture/batches-table.ts';
import { dynoxideBinary, startDynoxide } from '../fixture/dynoxide.ts';
import { serveService } from '../fixture/serve-service.ts';
import type { OpenStore } from './open-store.ts';
import { storeContract } from './store.ts';

function overDynamoDb(endpoint: string, stop: () => Promise<void>): OpenStore {
  const client = new DynamoDBClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
    maxAttempts: 1,
  });
  const clock = { now: 0 };
  const table = batchesTable.TableName;
  return {
    writer: createBatchWriter({ client, table, now: () => clock.now }),
    reader: createBatchReader({ client, table }),
    clock,
    async close() {
      client.destroy();
      await stop();
    },
  };
}

storeContract({
  name: 'the store in memory',
  hasItemLimit: false,
  async open() {
    const clock = { now: 0 };
    const store = new MemoryStore(() => clock.now);
    return { writer: store, reader: store, clock, close: async () => undefined };
  },
});

storeContract({
  name: 'the store on dynalite, with PartiQL translated for it',
  hasItemLimit: true,
  async open() {
    const service = createDynamoDb({ account: '123456789012', region: 'us-east-1' });
    await service.createTable(batchesTable);
    const { endpoint, close } = await serveService(service);
    return overDynamoDb(endpoint, close);
  },
});

// Installed by `.ci/run` where there is a binary for the platform.
storeContract({
  name: 'the store on dynoxide, which has PartiQL of its own',
  hasItemLimit: true,
  skip: dynoxideBinary() === undefined,
  async open() {
    const { endpoint, close } = await startDynoxide(batchesTable);
    return overDynamoDb(endpoint, close);
  },
});
