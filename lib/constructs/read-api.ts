import { Duration } from 'aws-cdk-lib';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { z } from 'zod';
import type { readEnv } from '../../src/read/env.ts';
import { summaryIndex } from '../../src/store/keys.ts';
import type { AuditStore } from '../audit-store.ts';
import type { Settings } from '../settings.ts';
import { HouseFunction } from './house-function.ts';
import { issuerName, oidcIssuers, readIssuerKeys } from './issuer.ts';
import { keysLike } from './keys-like.ts';
import { longestReadSeconds } from './read-throttles.ts';
import { objectsOf } from './reasoned.ts';

export interface ReadApiProps {
  readonly settings: Settings;
  readonly data: AuditStore;
  /** Asked for what reads are recorded with. */
  readonly token: lambda.IFunction;
}

/** The function that tenants, operators and auditors read through. */
export class ReadApi extends Construct {
  readonly function: lambda.Function;

  constructor(scope: Construct, id: string, props: ReadApiProps) {
    super(scope, id);
    const { settings, data, token } = props;
    const environment: z.input<typeof readEnv> = {
      STAGE: settings.stage,
      ...issuerName(props),
      ...oidcIssuers(settings),
      BATCHES_TABLE: data.batches.tableName,
      GRANTS_TABLE: data.grants.tableName,
      REGISTRY_TABLE: data.registry.tableName,
      PRODUCERS_TABLE: data.producers.tableName,
      QUARANTINE_BUCKET: data.quarantine.bucketName,
      CURSOR_KEY: data.cursorKey.keyArn,
      TOKEN_FUNCTION: token.functionArn,
      QUOTAS_TABLE: data.quotas.tableName,
      READ_QUOTA_KEY: String(settings.readQuota.key),
      READ_QUOTA_VIEWER: String(settings.readQuota.viewer),
      READS_MUST_BE_RECORDED: settings.readsMustBeRecorded ? 'true' : 'false',
      VIEWER_ORIGINS: settings.viewerOrigins.join(' '),
    };
    this.function = new HouseFunction(this, 'Read', {
      settings,
      name: 'read',
      description: 'Reads a tenant’s events',
      // A page opens batches of up to 4 MiB each and answers up to 5 MB; half a CPU.
      memorySize: 1024,
      // Well under the 30 s after which an HTTP API gives up
      // (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html).
      timeout: Duration.seconds(longestReadSeconds),
      reservedConcurrency: settings.reservedConcurrency.read,
      environment,
      statements: [
        {
          sid: 'ReadBatches',
          actions: ['dynamodb:Query', 'dynamodb:GetItem', 'dynamodb:BatchGetItem'],
          resources: [data.batches.tableArn],
        },
        {
          sid: 'ReadSummaries',
          actions: ['dynamodb:Query'],
          resources: [`${data.batches.tableArn}/index/${summaryIndex}`],
        },
        {
          sid: 'ReadGrants',
          actions: ['dynamodb:GetItem', 'dynamodb:BatchGetItem'],
          resources: [data.grants.tableArn],
        },
        {
          sid: 'ReadRegistry',
          actions: ['dynamodb:GetItem'],
          resources: [data.registry.tableArn],
        },
        {
          sid: 'ReadProducers',
          actions: ['dynamodb:Query'],
          resources: [data.producers.tableArn],
        },
        {
          // Under names of its own: what clients may ask of the token service is counted in the same table.
          sid: 'CountReads',
          actions: ['dynamodb:UpdateItem'],
          resources: [data.quotas.tableArn],
          conditions: keysLike('read#*'),
        },
        readIssuerKeys(props),
        {
          sid: 'DeriveCursorKey',
          actions: ['kms:GenerateMac'],
          resources: [data.cursorKey.keyArn],
        },
        {
          sid: 'ListQuarantine',
          actions: ['s3:ListBucket'],
          resources: [data.quarantine.bucketArn],
        },
        {
          sid: 'ReadQuarantine',
          actions: ['s3:GetObject'],
          resources: [objectsOf(data.quarantine, 'A record may be any object of its bucket')],
        },
        {
          sid: 'AskForReadGrants',
          actions: ['lambda:InvokeFunction'],
          resources: [token.functionArn],
        },
      ],
    }).function;
  }
}
