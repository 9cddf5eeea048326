import { Duration } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { z } from 'zod';
import type { auditorEnv } from '../../src/auditor/env.ts';
import { calendarPartition, summaryIndex, watchIndex } from '../../src/store/keys.ts';
import type { AuditStore } from '../audit-store.ts';
import type { Settings } from '../settings.ts';
import { HouseFunction } from './house-function.ts';
import { keysLike } from './keys-like.ts';

export interface AuditorProps {
  readonly settings: Settings;
  readonly data: AuditStore;
}

/** The function that looks every minute for what is missing, and keeps the table of producers. */
export class Auditor extends Construct {
  readonly function: lambda.Function;

  constructor(scope: Construct, id: string, props: AuditorProps) {
    super(scope, id);
    const { settings, data } = props;
    const environment: z.input<typeof auditorEnv> = {
      STAGE: settings.stage,
      REGISTRY_TABLE: data.registry.tableName,
      BATCHES_TABLE: data.batches.tableName,
      PRODUCERS_TABLE: data.producers.tableName,
      GAP_GRACE_SECONDS: '120',
    };
    this.function = new HouseFunction(this, 'Auditor', {
      settings,
      name: 'auditor',
      description: 'Follows what is stored, and tells what is missing',
      // It waits for DynamoDB and computes little; the entries of a page are some 2 MB of JSON.
      memorySize: 512,
      // It stops by itself in time, and goes on in the next run.
      timeout: Duration.seconds(55),
      environment,
      statements: [
        {
          // The calendar and the feed, which name batches; never a partition that holds them. A tenant's id has
          // no `#`, so none can pass for another partition.
          sid: 'FollowFeed',
          actions: ['dynamodb:Query'],
          resources: [data.batches.tableArn],
          conditions: keysLike(calendarPartition('*'), '*#feed#*'),
        },
        {
          // What is stored, without its bodies: the index does not hold them.
          sid: 'CompareSummaries',
          actions: ['dynamodb:Query'],
          resources: [`${data.batches.tableArn}/index/${summaryIndex}`],
        },
        {
          sid: 'ListTenants',
          actions: ['dynamodb:Scan'],
          resources: [data.registry.tableArn],
        },
        {
          sid: 'KeepProducers',
          actions: ['dynamodb:BatchGetItem', 'dynamodb:PutItem'],
          resources: [data.producers.tableArn],
        },
        {
          sid: 'ReviewProducers',
          actions: ['dynamodb:Query'],
          resources: [`${data.producers.tableArn}/index/${watchIndex}`],
        },
      ],
    }).function;
    new events.Rule(this, 'EveryMinute', {
      description: `Runs the auditor of sealtrail/${settings.stage}`,
      schedule: events.Schedule.rate(Duration.minutes(1)),
      // The next minute's run is the next try: an event that could not be delivered is of no use later.
      targets: [
        new targets.LambdaFunction(this.function, {
          retryAttempts: 0,
          maxEventAge: Duration.minutes(1),
        }),
      ],
    });
  }
}
