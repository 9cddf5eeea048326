import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetPublicKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import type { Context } from 'aws-lambda';
import { callLimits } from '../lambda/call-limits.ts';
import { byThumbprint, issuerKeys } from '../lambda/issuer-keys.ts';
import { createLog } from '../lambda/log.ts';
import { parseEnv } from '../lambda/parse-env.ts';
import { quietLogger } from '../lambda/quiet-logger.ts';
import { verifiedGrants } from '../lambda/verified-grants.ts';
import { createBatchWriter } from '../store/batch-writer.ts';
import { createGrantLog } from '../store/grant-log.ts';
import { createTallies } from '../store/tallies.ts';
import { consume } from './consume.ts';
import { deadlines } from './deadlines.ts';
import { consumerEnv } from './env.ts';
import { grantUsage } from './grant-usage.ts';
import { putInto } from './put-into.ts';
import { createQuarantine } from './quarantine.ts';
import type { RedriveEvent } from './redrive.ts';

const env = parseEnv(consumerEnv, process.env);
const log = createLog(env.STAGE);

const requestHandler = callLimits;
const dynamodb = new DynamoDBClient({ logger: quietLogger, requestHandler });
const kms = new KMSClient({ requestHandler });
const s3 = new S3Client({ forcePathStyle: true, requestHandler });

const keys = issuerKeys(env.ISSUER_KEYS, async (arn) => {
  const { PublicKey } = await kms.send(new GetPublicKeyCommand({ KeyId: arn }));
  return PublicKey ?? new Uint8Array();
});

const grantLog = createGrantLog({ client: dynamodb, table: env.GRANTS_TABLE });
const grants = verifiedGrants({
  find: grantLog.find,
  issuer: async () => ({ name: env.ISSUER, keys: byThumbprint(await keys()) }),
  now: Date.now,
});

const quarantine = putInto(s3, env.QUARANTINE_BUCKET);
const redrive = putInto(s3, env.REDRIVE_BUCKET);

const options = {
  writer: createBatchWriter({ client: dynamodb, table: env.BATCHES_TABLE, now: Date.now }),
  grants,
  quarantine: createQuarantine({ put: quarantine.putNew, now: Date.now }),
  redrive: redrive.put,
  usage: grantUsage({
    quota: { bytes: env.GRANT_BYTES, faults: env.GRANT_FAULTS },
    tallies: createTallies({ client: dynamodb, table: env.BATCHES_TABLE, now: Date.now }),
    stop: grantLog.stop,
    now: Date.now,
    log,
  }),
  log,
};

export function handler(event: RedriveEvent, context: Context) {
  const { signalMs, checkingMs } = deadlines(context.getRemainingTimeInMillis());
  const invocation = {
    id: context.awsRequestId,
    signal: AbortSignal.timeout(signalMs),
    checking: AbortSignal.timeout(checkingMs),
  };
  return consume(event, invocation, options);
}
