import { randomUUID } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GenerateMacCommand, GetPublicKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { systemClock } from '../client/clock.ts';
import { defaultInternals } from '../client/internals.ts';
import { putRecords } from '../client/put-records.ts';
import { authenticateApiKey } from '../lambda/api-key.ts';
import { authenticator } from '../lambda/authenticate.ts';
import { cached } from '../lambda/cached.ts';
import { callLimits } from '../lambda/call-limits.ts';
import { httpHandler, type Operation } from '../lambda/http.ts';
import { byThumbprint, issuerKeys } from '../lambda/issuer-keys.ts';
import { createLog } from '../lambda/log.ts';
import { parseEnv } from '../lambda/parse-env.ts';
import { quietLogger } from '../lambda/quiet-logger.ts';
import { verifiedGrants } from '../lambda/verified-grants.ts';
import { createBatchReader } from '../store/batch-reader.ts';
import { createGrantLog } from '../store/grant-log.ts';
import { createProducers } from '../store/producers.ts';
import { createQuotas } from '../store/quotas.ts';
import { createRegistry } from '../store/registry.ts';
import { authenticateReader } from './access.ts';
import { appendBatch } from './append-batch.ts';
import { askToken } from './ask-token.ts';
import { viewerBatch } from './audit-event.ts';
import { authenticateViewer } from './authenticate-viewer.ts';
import { derivedSecret, secretTexts } from './derived-secret.ts';
import { readEnv } from './env.ts';
import { feed } from './feed.ts';
import { getEvent } from './get-event.ts';
import { getProof } from './get-proof.ts';
import { listBatches } from './list-batches.ts';
import { listEvents, type ReadOptions } from './list-events.ts';
import { listProducers } from './list-producers.ts';
import { metered } from './metered.ts';
import { oncePerRequest } from './once-per-request.ts';
import { quarantine } from './quarantine.ts';
import { createQuarantineBucket } from './quarantine-bucket.ts';
import { readQuota } from './read-quota.ts';
import { readSessions } from './read-sessions.ts';
import { recordReads } from './record-read.ts';
import { recorded } from './recorded.ts';
import { bundledConsole, showConsole } from './show-console.ts';
import { showOpenApi } from './show-openapi.ts';
import { stats } from './stats.ts';
import { viewerTokens } from './viewer-tokens.ts';

const env = parseEnv(readEnv, process.env);
const log = createLog(env.STAGE);
const now = Date.now;
const requestHandler = callLimits;

const dynamodb = new DynamoDBClient({ logger: quietLogger, requestHandler });
const kms = new KMSClient({ requestHandler });
const s3 = new S3Client({ forcePathStyle: true, requestHandler });
// An answer waits for these: one repetition each.
const quick = { connectionTimeout: 1_000, requestTimeout: 3_000, throwOnRequestTimeout: true };
const lambda = new LambdaClient({ maxAttempts: 2, requestHandler: quick });
// What only counts must hold no answer up.
const counting = new DynamoDBClient({
  logger: quietLogger,
  maxAttempts: 1,
  requestHandler: { connectionTimeout: 500, requestTimeout: 500, throwOnRequestTimeout: true },
});

const keys = issuerKeys(env.ISSUER_KEYS, async (arn) => {
  const { PublicKey } = await kms.send(new GetPublicKeyCommand({ KeyId: arn }));
  return PublicKey ?? new Uint8Array();
});

const secretOf = (text: string) =>
  derivedSecret(text, async (Message) => {
    const { Mac } = await kms.send(
      new GenerateMacCommand({ KeyId: env.CURSOR_KEY, Message, MacAlgorithm: 'HMAC_SHA_256' }),
    );
    return Mac ?? new Uint8Array();
  });
const viewerSecret = secretOf(secretTexts.viewer);

const registry = createRegistry({ client: dynamodb, table: env.REGISTRY_TABLE });
const authenticate = oncePerRequest(
  authenticateReader(
    authenticator({
      byKey: authenticateApiKey({ lookup: registry.apiKey, now }),
      issuers: env.OIDC_ISSUERS ?? [],
      tenant: cached(registry.tenant, { freshMs: 30_000, maxEntries: 10_000, now }),
      now,
    }),
  ),
);
const authenticateAny = oncePerRequest(
  authenticateViewer({ byKey: authenticate, viewerSecret, lookup: registry.apiKey, now }),
);

const options: ReadOptions = {
  reader: createBatchReader({ client: dynamodb, table: env.BATCHES_TABLE }),
  grants: verifiedGrants({
    find: createGrantLog({ client: dynamodb, table: env.GRANTS_TABLE }).find,
    issuer: async () => ({ name: env.ISSUER, keys: byThumbprint(await keys()) }),
    now,
  }),
  authenticate,
  authenticateAny,
  secret: secretOf(secretTexts.cursor),
  now,
  log,
};

const append = appendBatch({
  session: readSessions({
    ask: askToken(lambda, env.TOKEN_FUNCTION),
    kinesis: defaultInternals(10).kinesis,
    newId: randomUUID,
    now,
  }),
  async put(session, PartitionKey, Data) {
    const abort = new AbortController();
    const cancel = systemClock.after(3_000, () => abort.abort());
    const results = await putRecords(session, [{ PartitionKey, Data }], abort, systemClock);
    cancel();
    return results[0];
  },
});
const recording = {
  mustBeRecorded: env.READS_MUST_BE_RECORDED === 'true',
  clock: systemClock,
  log,
};
const record = recordReads({ append, now });
const quota = readQuota({
  limits: { key: env.READ_QUOTA_KEY, viewer: env.READ_QUOTA_VIEWER },
  add: createQuotas({ client: counting, table: env.QUOTAS_TABLE }).add,
  now,
  log,
});
const counted = (operation: Operation) => metered({ authenticateAny, quota, now }, operation);
const read = (operation: Operation) =>
  counted(recorded({ ...recording, authenticateAny, record }, operation));

export const handler = httpHandler(
  {
    'GET /v1/events': read(listEvents(options)),
    'GET /v1/events/{id}': read(getEvent(options)),
    'GET /v1/events/{id}/proof': read(getProof(options)),
    'GET /v1/batches': read(listBatches(options)),
    'GET /v1/stats': read(stats(options)),
    'GET /v1/feed': read(feed(options)),
    'GET /v1/producers': read(
      listProducers({
        ...options,
        producers: createProducers({ client: dynamodb, table: env.PRODUCERS_TABLE }),
        retentionDays: async (tenant) => (await registry.tenant(tenant))?.retentionDays,
      }),
    ),
    'GET /v1/quarantine': read(
      quarantine({ ...options, bucket: createQuarantineBucket(s3, env.QUARANTINE_BUCKET) }),
    ),
    'POST /v1/viewer-tokens': counted(
      viewerTokens({
        ...recording,
        authenticate,
        viewerSecret,
        newId: randomUUID,
        record: (made) => append(made.tenant, viewerBatch(made)),
      }),
    ),
    'GET /v1/openapi.json': showOpenApi(),
    'GET /': showConsole(bundledConsole(), env.VIEWER_ORIGINS),
  },
  log,
  'Read',
);
