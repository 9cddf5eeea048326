import { Duration } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { z } from 'zod';
import type { tokenEnv } from '../../src/token/env.ts';
import type { AuditStore } from '../audit-store.ts';
import type { Settings } from '../settings.ts';
import { HouseFunction } from './house-function.ts';
import { issuerName, keyTimes, oidcIssuers, readIssuerKeys } from './issuer.ts';
import { reasoned } from './reasoned.ts';
import { encryptOnto } from './stream-key.ts';

export interface TokenServiceProps {
  readonly settings: Settings;
  readonly data: AuditStore;
}

/** The function that vends grants and credentials, and the role that its credentials are sessions of. */
export class TokenService extends Construct {
  readonly function: lambda.Function;

  constructor(scope: Construct, id: string, props: TokenServiceProps) {
    super(scope, id);
    const { settings, data } = props;
    const writer = new iam.Role(this, 'Writer', {
      description: `Sessions of it put sealed batches to the stream of sealtrail/${settings.stage}`,
      // Replaced below by a trust in one function: a role needs some principal to begin with.
      assumedBy: new iam.AccountRootPrincipal(),
      // A role that is assumed by a role lives one hour at most
      // (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html, role chaining).
      maxSessionDuration: Duration.hours(1),
    });
    writer.addToPolicy(
      new iam.PolicyStatement({
        sid: 'Put',
        actions: ['kinesis:PutRecords'],
        resources: [data.stream.streamArn],
      }),
    );
    for (const statement of encryptOnto(data)) {
      writer.addToPolicy(new iam.PolicyStatement(reasoned(writer, statement)));
    }
    const environment: z.input<typeof tokenEnv> = {
      STAGE: settings.stage,
      ...issuerName(props),
      ...keyTimes(props),
      ...oidcIssuers(settings),
      REGISTRY_TABLE: data.registry.tableName,
      GRANTS_TABLE: data.grants.tableName,
      QUOTAS_TABLE: data.quotas.tableName,
      BATCHES_TABLE: data.batches.tableName,
      STREAM_NAME: data.stream.streamName,
      STREAM_ARN: data.stream.streamArn,
      ...(data.streamKey !== undefined && { STREAM_KEY_ARN: data.streamKey.keyArn }),
      WRITER_ROLE_ARN: writer.roleArn,
      SESSION_SECONDS: String(settings.sessionSeconds),
      ...(settings.publicUrl !== undefined && { PUBLIC_URL: settings.publicUrl }),
    };
    const token = new HouseFunction(this, 'Token', {
      settings,
      name: 'token',
      description: 'Vends grants, and credentials that may only put to the stream',
      // A call waits for KMS, STS and DynamoDB and computes little: 512 MB is enough, and a cold start is bound by
      // CPU, which comes with memory. 10 s covers a cold start and one retry of each call.
      memorySize: 512,
      timeout: Duration.seconds(10),
      environment,
      statements: [
        {
          sid: 'SignGrants',
          actions: ['kms:Sign'],
          resources: [data.signingKey.keyArn],
          conditions: { StringEquals: { 'kms:SigningAlgorithm': 'ED25519_SHA_512' } },
        },
        readIssuerKeys(props),
        {
          sid: 'InsertGrants',
          actions: ['dynamodb:PartiQLInsert'],
          resources: [data.grants.tableArn],
        },
        {
          // Whether a grant still holds, for the client that it was issued for.
          sid: 'ReadGrants',
          actions: ['dynamodb:BatchGetItem'],
          resources: [data.grants.tableArn],
        },
        {
          sid: 'ReadRegistry',
          actions: ['dynamodb:GetItem'],
          resources: [data.registry.tableArn],
        },
        {
          sid: 'CountRequests',
          actions: ['dynamodb:UpdateItem'],
          resources: [data.quotas.tableArn],
        },
        {
          sid: 'FindCommitted',
          actions: ['dynamodb:BatchGetItem'],
          resources: [data.batches.tableArn],
        },
        {
          sid: 'VendSessions',
          actions: ['sts:AssumeRole', 'sts:TagSession'],
          resources: [writer.roleArn],
        },
      ],
    });
    this.function = token.function;
    // Two statements: a condition on one action would otherwise have to hold for the other.
    (writer.node.defaultChild as iam.CfnRole).assumeRolePolicyDocument = new iam.PolicyDocument({
      statements: ['sts:AssumeRole', 'sts:TagSession'].map(
        (action) =>
          new iam.PolicyStatement({
            actions: [action],
            principals: [new iam.ArnPrincipal(token.role.roleArn)],
          }),
      ),
    });
  }
}
