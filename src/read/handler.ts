import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GenerateMacCommand, GetPublicKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { authenticateApiKey } from '../lambda/api-key.ts';
import { httpHandler } from '../lambda/http.ts';
import { byThumbprint, issuerKeys } from '../lambda/issuer-keys.ts';
import { createLog } from '../lambda/log.ts';
import { parseEnv } from '../lambda/parse-env.ts';
import { quietLogger } from '../lambda/quiet-logger.ts';
import { verifiedGrants } from '../lambda/verified-grants.ts';
import { createBatchReader } from '../store/batch-reader.ts';
import { createGrantLog } from '../store/grant-log.ts';
import { createProducers } from '../store/producers.ts';
import { createRegistry } from '../store/registry.ts';
import { authenticateReader } from './access.ts';
import { cursorSecret } from './cursor-secret.ts';
import { readEnv } from './env.ts';
import { feed } from './feed.ts';
import { getEvent } from './get-event.ts';
import { getProof } from './get-proof.ts';
import { listBatches } from './list-batches.ts';
import { listEvents, type ReadOptions } from './list-events.ts';
import { listProducers } from './list-producers.ts';

const env = parseEnv(readEnv, process.env);
const log = createLog(env.STAGE);
const requestHandler = { connectionTimeout: 2_000, requestTimeout: 8_000 };

const dynamodb = new DynamoDBClient({ logger: quietLogger, requestHandler });
const kms = new KMSClient({ requestHandler });

const keys = issuerKeys(env.ISSUER_KEYS, async (arn) => {
  const { PublicKey } = await kms.send(new GetPublicKeyCommand({ KeyId: arn }));
  return PublicKey ?? new Uint8Array();
});

const registry = createRegistry({ client: dynamodb, table: env.REGISTRY_TABLE });

const options: ReadOptions = {
  reader: createBatchReader({ client: dynamodb, table: env.BATCHES_TABLE }),
  grants: verifiedGrants({
    find: createGrantLog({ client: dynamodb, table: env.GRANTS_TABLE }).find,
    issuer: async () => ({ name: env.ISSUER, keys: byThumbprint(await keys()) }),
    now: Date.now,
  }),
  authenticate: authenticateReader(
    authenticateApiKey({
      lookup: registry.apiKey,
      now: Date.now,
    }),
  ),
  secret: cursorSecret(async (Message) => {
    const { Mac } = await kms.send(
      new GenerateMacCommand({ KeyId: env.CURSOR_KEY, Message, MacAlgorithm: 'HMAC_SHA_256' }),
    );
    return Mac ?? new Uint8Array();
  }),
  now: Date.now,
  log,
};

export const handler = httpHandler(
  {
    'GET /v1/events': listEvents(options),
    'GET /v1/events/{id}': getEvent(options),
    'GET /v1/events/{id}/proof': getProof(options),
    'GET /v1/batches': listBatches(options),
    'GET /v1/feed': feed(options),
    'GET /v1/producers': listProducers({
      ...options,
      producers: createProducers({ client: dynamodb, table: env.PRODUCERS_TABLE }),
      retentionDays: async (tenant) => (await registry.tenant(tenant))?.retentionDays,
    }),
  },
  log,
  'Read',
);
