import { once } from 'node:events';
import { createServer } from 'node:net';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { expect, test } from 'vitest';
import { callLimits } from '../../src/lambda/call-limits.ts';

test('a call that nobody answers fails when its time is over', async () => {
  const sockets: { destroy(): void }[] = [];
  const server = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const client = new DynamoDBClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    maxAttempts: 1,
    requestHandler: { ...callLimits, requestTimeout: 200 },
  });
  const ended = await client.send(new ListTablesCommand({})).then(
    () => 'answered',
    (error: Error) => error.name,
  );
  expect(ended).toBe('TimeoutError');
  client.destroy();
  for (const socket of sockets) socket.destroy();
  server.close();
});
