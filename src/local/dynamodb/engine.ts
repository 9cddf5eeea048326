import { Agent, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import dynalite from 'dynalite';

interface EngineAnswer {
  readonly status: number;
  readonly body: string;
}

/** Dynalite in this process, spoken to over loopback: its HTTP server is all that it offers. */
export interface Engine {
  /** Runs one operation over the JSON protocol. */
  call(operation: string, input: string | object): Promise<EngineAnswer>;
  close(): Promise<void>;
}

export function createEngine(): Engine {
  const server = dynalite({
    createTableMs: 0,
    deleteTableMs: 0,
    updateTableMs: 0,
    maxItemSizeKb: 400,
  });
  // Kept connections must not be closed just as the next request takes one.
  server.keepAliveTimeout = 0;
  const agent = new Agent({ keepAlive: true, maxSockets: 32, scheduling: 'lifo' });
  const listening = new Promise<number>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });

  async function call(operation: string, input: string | object): Promise<EngineAnswer> {
    const port = await listening;
    const body = typeof input === 'string' ? input : JSON.stringify(input);
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          host: '127.0.0.1',
          port,
          agent,
          method: 'POST',
          headers: {
            'content-type': 'application/x-amz-json-1.0',
            'content-length': Buffer.byteLength(body),
            'x-amz-target': `DynamoDB_20120810.${operation}`,
            'x-amz-date': '20000101T000000Z',
            // Dynalite wants the form of a signature and never checks one: the front door has.
            authorization: 'AWS4-HMAC-SHA256 Credential=x, SignedHeaders=x, Signature=x',
          },
        },
        (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
          incoming.on('error', reject);
          incoming.on('end', () => {
            resolve({ status: incoming.statusCode ?? 500, body: Buffer.concat(chunks).toString() });
          });
        },
      );
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }

  return {
    call,
    async close() {
      await listening;
      agent.destroy();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}
