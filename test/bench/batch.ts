/**
 * `npm run bench`: what sealing and consuming cost on one core, with the network stubbed, at several batch
 * sizes; beside them, in the same run, the plain way: a JWS over each batch's JSON by a JOSE library, and
 * an item per event.
 */
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import {
  BatchWriteItemCommand,
  DynamoDBClient,
  type DynamoDBClientConfig,
} from '@aws-sdk/client-dynamodb';
import { HttpResponse } from '@smithy/protocol-http';
import type { KinesisStreamEvent } from 'aws-lambda';
import { CompactSign, compactVerify } from 'jose';
import { consume } from '../../src/consumer/consume.ts';
import type { Event } from '../../src/domain/event.ts';
import { eventSchema } from '../../src/domain/event.ts';
import { compose, signBatch } from '../../src/domain/seal.ts';
import { createLog } from '../../src/lambda/log.ts';
import { quietLogger } from '../../src/lambda/quiet-logger.ts';
import { sampleEvents } from '../../src/local/demo/sample-events.ts';
import { createBatchWriter } from '../../src/store/batch-writer.ts';
import { signer } from '../fixture/batches.ts';
import { grantFor } from '../fixture/stored.ts';

const who = signer();
const next = sampleEvents(Date.now);
const keys = generateKeyPairSync('ed25519');

/** A DynamoDB that takes everything at once. */
function stubbed(body: (request: { body?: unknown }) => object): DynamoDBClient {
  return new DynamoDBClient({
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    logger: quietLogger,
    requestHandler: {
      handle: async (request: { body?: unknown }) => ({
        response: new HttpResponse({
          statusCode: 200,
          headers: { 'content-type': 'application/x-amz-json-1.0' },
          body: Buffer.from(JSON.stringify(body(request))),
        }),
      }),
    } as unknown as NonNullable<DynamoDBClientConfig['requestHandler']>,
  });
}

const takesStatements = stubbed(({ body }) => ({
  Responses: (
    JSON.parse(Buffer.from(body as Uint8Array).toString()) as { Statements: unknown[] }
  ).Statements.map(() => ({
    TableName: 't',
  })),
}));
const takesItems = stubbed(() => ({ UnprocessedItems: {} }));

function seal(events: readonly Event[], seq: number): Buffer {
  const lines = events.map((event) => {
    eventSchema.parse(event);
    return Buffer.from(JSON.stringify(event));
  });
  const times = events.map(({ time }) => Date.parse(time));
  const batch = compose({
    client: who.client,
    producer: who.producer,
    seq,
    prev: seq === 0 ? null : 'A'.repeat(43),
    lines,
    from: Math.min(...times),
    to: Math.max(...times),
    fin: false,
    sealed: Date.now(),
  });
  return signBatch(batch, who.grantId, who.key);
}

async function plainSeal(events: readonly Event[]): Promise<string> {
  const payload = JSON.stringify(events.map((event) => eventSchema.parse(event)));
  return new CompactSign(Buffer.from(payload))
    .setProtectedHeader({ alg: 'EdDSA' })
    .sign(keys.privateKey);
}

async function plainConsume(jws: string): Promise<void> {
  const { payload } = await compactVerify(jws, keys.publicKey);
  const events = (JSON.parse(new TextDecoder().decode(payload)) as unknown[]).map((event) =>
    eventSchema.parse(event),
  );
  const items = events.map((event) => ({
    PutRequest: {
      Item: {
        pk: { S: `acme#${event.time.slice(0, 10)}` },
        sk: { S: event.id },
        action: { S: event.action },
        actor: { S: event.actor.id },
        outcome: { S: event.outcome },
        event: { S: JSON.stringify(event) },
      },
    },
  }));
  for (let i = 0; i < items.length; i += 25)
    await takesItems.send(
      new BatchWriteItemCommand({ RequestItems: { t: items.slice(i, i + 25) } }),
    );
}

function invocation(records: readonly Buffer[]): KinesisStreamEvent {
  return {
    Records: records.map((data, i) => ({
      eventID: `shardId-000000000000:${i}`,
      kinesis: {
        data: data.toString('base64'),
        sequenceNumber: String(i),
        partitionKey: String(i),
        approximateArrivalTimestamp: Date.now() / 1000,
      },
    })),
  } as unknown as KinesisStreamEvent;
}

const options = {
  writer: createBatchWriter({ client: takesStatements, table: 't', now: Date.now }),
  grants: async () => new Map([[who.grantId, { ...grantFor(who), key: createPublicKey(who.key) }]]),
  quarantine: async () => [],
  redrive: async () => undefined,
  usage: async () => undefined,
  log: createLog('bench', () => undefined),
};

/** Events a second, over at least this long after a warm-up, ms. */
const measureMs = 1500;

async function rate(eventsACall: number, call: () => unknown): Promise<number> {
  let calls = 0;
  for (const until of [performance.now() + 500, performance.now() + 500 + measureMs]) {
    calls = 0;
    while (performance.now() < until) {
      await call();
      calls++;
    }
  }
  return Math.round((calls * eventsACall) / (measureMs / 1000));
}

const figures = [];
for (const size of [1, 10, 100, 500]) {
  const events = Array.from({ length: size }, next);
  // As many batches in an invocation as the event source mapping would give: up to 100.
  const batches = Math.max(Math.min(100, Math.floor(2000 / size)), 1);
  const records = Array.from({ length: batches }, (_, seq) => seal(events, seq));
  const plain = await Promise.all(records.map(() => plainSeal(events)));
  let seq = 1;
  figures.push({
    'events a batch': size,
    'bytes an event, wire': Math.round((records[0]?.length ?? 0) / size),
    'seal /s': await rate(size, () => seal(events, seq++)),
    'plain seal /s': await rate(size, () => plainSeal(events)),
    'consume /s': await rate(size * batches, async () => {
      const signal = new AbortController().signal;
      const answer = await consume(invocation(records), { id: 'bench', signal }, options);
      if (answer.batchItemFailures.length > 0) throw new Error('not everything was consumed');
    }),
    'plain consume /s': await rate(size * batches, async () => {
      for (const jws of plain) await plainConsume(jws);
    }),
  });
}
console.table(figures);
