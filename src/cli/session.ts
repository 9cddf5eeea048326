import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KinesisClient } from '@aws-sdk/client-kinesis';
import { KMSClient } from '@aws-sdk/client-kms';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { STSClient } from '@aws-sdk/client-sts';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { createGrantLog, type GrantLog } from '../store/grant-log.ts';
import { createRegistry, type Registry } from '../store/registry.ts';
import type { Output } from './output.ts';
import type { Outputs } from './outputs.ts';

interface Clients {
  readonly dynamodb: DynamoDBClient;
  readonly kinesis: KinesisClient;
  readonly kms: KMSClient;
  readonly lambda: LambdaClient;
  readonly s3: S3Client;
  readonly sqs: SQSClient;
  readonly sts: STSClient;
}

/** What a command works with: one deployment, as its operator. */
export interface Session {
  readonly out: Output;
  readonly outputs: Outputs;
  readonly aws: Clients;
  readonly registry: Registry;
  readonly grants: GrantLog;
  /** Epoch ms. */
  readonly now: () => number;
  close(): void;
}

/** A redrive waits as long as the function may run. */
const invokeMs = 70_000;

/**
 * Clients with the standard chain of credentials (https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html)
 * in the region where the deployment is.
 */
export function openSession(outputs: Outputs, out: Output, now: () => number): Session {
  const region = outputs.SigningKeyArn.split(':')[3] ?? '';
  const aws: Clients = {
    dynamodb: new DynamoDBClient({ region }),
    // The default handler opens an HTTP/2 session for each request.
    kinesis: new KinesisClient({ region, requestHandler: new NodeHttpHandler() }),
    kms: new KMSClient({ region }),
    // A call that failed is tried again in pieces, see redrive-letters.ts.
    lambda: new LambdaClient({
      region,
      maxAttempts: 1,
      requestHandler: { requestTimeout: invokeMs, throwOnRequestTimeout: true },
    }),
    s3: new S3Client({ region, forcePathStyle: true }),
    sqs: new SQSClient({ region }),
    sts: new STSClient({ region }),
  };
  return {
    out,
    outputs,
    aws,
    now,
    registry: createRegistry({ client: aws.dynamodb, table: outputs.RegistryTable }),
    grants: createGrantLog({ client: aws.dynamodb, table: outputs.GrantsTable }),
    close() {
      for (const client of Object.values(aws)) client.destroy();
    },
  };
}
