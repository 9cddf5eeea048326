import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetPublicKeyCommand, KMSClient, SignCommand } from '@aws-sdk/client-kms';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { authenticateApiKey } from '../lambda/api-key.ts';
import { authenticator } from '../lambda/authenticate.ts';
import { cached } from '../lambda/cached.ts';
import { httpHandler } from '../lambda/http.ts';
import { issuerKeys } from '../lambda/issuer-keys.ts';
import { createLog } from '../lambda/log.ts';
import { parseEnv } from '../lambda/parse-env.ts';
import { quietLogger } from '../lambda/quiet-logger.ts';
import {
  type ReadGrantAnswer,
  type ReadGrantEvent,
  readGrantSchema,
} from '../lambda/read-grant.ts';
import { createBatchReader } from '../store/batch-reader.ts';
import { createGrantLog } from '../store/grant-log.ts';
import { createQuotas } from '../store/quotas.ts';
import { createRegistry } from '../store/registry.ts';
import { createCommits } from './commits.ts';
import { countThrottles } from './count-throttles.ts';
import { createCredentials } from './credentials.ts';
import { tokenEnv } from './env.ts';
import { createGrantState } from './grant-state.ts';
import { grantIssuer } from './issue-grant.ts';
import { createJwks } from './jwks.ts';
import { createReadGrants } from './read-grants.ts';
import { sessionVendor } from './vend.ts';

const env = parseEnv(tokenEnv, process.env);
const now = Date.now;
const log = createLog(env.STAGE);

// A client that waits would rather try again: one repetition each, and no call longer than 2 s.
const calls = {
  logger: quietLogger,
  maxAttempts: 2,
  requestHandler: { connectionTimeout: 1000, requestTimeout: 2000, throwOnRequestTimeout: true },
};
const client = new DynamoDBClient(calls);
const kms = new KMSClient(calls);
const sts = new STSClient(calls);
countThrottles(kms, () => log.count('IssuerThrottled', 1, 'kms'));
countThrottles(sts, () => log.count('IssuerThrottled', 1, 'sts'));

const registry = createRegistry({ client, table: env.REGISTRY_TABLE });
const quotas = createQuotas({ client, table: env.QUOTAS_TABLE });
const grants = createGrantLog({ client, table: env.GRANTS_TABLE });
const batches = createBatchReader({ client, table: env.BATCHES_TABLE });

const tenant = cached(registry.tenant, { freshMs: 30_000, maxEntries: 10_000, now });
const authenticate = authenticator({
  byKey: authenticateApiKey({ lookup: registry.apiKey, now }),
  issuers: env.OIDC_ISSUERS ?? [],
  tenant,
  now,
});

const keys = issuerKeys(env.ISSUER_KEYS, async (arn) => {
  const { PublicKey } = await kms.send(new GetPublicKeyCommand({ KeyId: arn }));
  return PublicKey ?? new Uint8Array();
});

const issue = grantIssuer({
  name: env.ISSUER,
  keys,
  // Pure Ed25519 takes the message itself (https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html, KeySpec).
  async sign(KeyId, Message) {
    const { Signature } = await kms.send(
      new SignCommand({
        KeyId,
        Message,
        MessageType: 'RAW',
        SigningAlgorithm: 'ED25519_SHA_512',
      }),
    );
    return Signature ?? new Uint8Array();
  },
  insert: grants.insert,
});

const vend = sessionVendor({
  roleArn: env.WRITER_ROLE_ARN,
  streamArn: env.STREAM_ARN,
  streamKeyArn: env.STREAM_KEY_ARN,
  assumeRole: (input) => sts.send(new AssumeRoleCommand(input)),
});

const sessions = {
  tenant,
  issue,
  vend,
  stream: { arn: env.STREAM_ARN, endpoint: env.AWS_ENDPOINT_URL_KINESIS ?? env.AWS_ENDPOINT_URL },
  publicUrl: env.PUBLIC_URL,
  maxSeconds: env.SESSION_SECONDS,
  now,
};
const credentials = createCredentials({ ...sessions, authenticate, take: quotas.take });
const readGrants = createReadGrants(sessions);

const http = httpHandler(
  {
    'POST /v1/credentials': credentials,
    'POST /v1/commits': createCommits({
      authenticate,
      tenant,
      take: quotas.take,
      stored: batches.stored,
      now,
    }),
    'GET /v1/grants/{id}': createGrantState({
      authenticate,
      tenant,
      take: quotas.take,
      find: grants.find,
      now,
    }),
    'GET /.well-known/jwks.json': createJwks(keys, env.ISSUER_KEY_TIMES),
  },
  log,
  'Token',
);

type Http = typeof http;

/** Requests of the HTTP API; and, invoked directly, the read function's. */
export function handler(event: ReadGrantEvent): Promise<ReadGrantAnswer>;
export function handler(...args: Parameters<Http>): ReturnType<Http>;
export function handler(event: unknown, context?: unknown): Promise<unknown> {
  const asked = readGrantSchema.safeParse(event).data;
  if (asked !== undefined) return readGrants(asked.readGrant);
  return http(...([event, context] as Parameters<Http>));
}
