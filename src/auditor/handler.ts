import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Context } from 'aws-lambda';
import { callLimits } from '../lambda/call-limits.ts';
import { createLog } from '../lambda/log.ts';
import { parseEnv } from '../lambda/parse-env.ts';
import { quietLogger } from '../lambda/quiet-logger.ts';
import { createBatchReader } from '../store/batch-reader.ts';
import { createProducers } from '../store/producers.ts';
import { createRegistry } from '../store/registry.ts';
import { audit } from './audit.ts';
import { auditorEnv } from './env.ts';

const env = parseEnv(auditorEnv, process.env);
const client = new DynamoDBClient({
  logger: quietLogger,
  requestHandler: callLimits,
});

const registry = createRegistry({ client, table: env.REGISTRY_TABLE });

const options = {
  listTenants: (onMalformed: (error: Error) => void) =>
    Array.fromAsync(registry.tenants(onMalformed)),
  reader: createBatchReader({ client, table: env.BATCHES_TABLE }),
  producers: createProducers({ client, table: env.PRODUCERS_TABLE }),
  graceMs: env.GAP_GRACE_SECONDS * 1000,
  log: createLog(env.STAGE),
  now: Date.now,
};

/** What is kept for the call that is under way when the time is up, ms. */
const reserveMs = 10_000;

export function handler(_event: unknown, context: Context): Promise<void> {
  return audit(Date.now() + context.getRemainingTimeInMillis() - reserveMs, options);
}
