import { Duration } from 'aws-cdk-lib';
import type * as http from 'aws-cdk-lib/aws-apigatewayv2';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as sns from 'aws-cdk-lib/aws-sns';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Settings } from '../settings.ts';

export interface AlarmsProps {
  readonly settings: Settings;
  readonly token: lambda.Function;
  readonly consumer: lambda.Function;
  readonly deadLetters: sqs.Queue;
  readonly api: http.HttpApi;
}

/** Metrics that the functions write into their own logs, of which a single one is news, and what it says. */
const own = {
  Quarantined: 'Records were quarantined: see their reason codes',
  UnknownVersion:
    'Records of a version that the consumer does not know: a newer client than the service',
  ProducerGaps: 'A producer’s numbers have a gap: batches are missing or late',
  ProducerForks:
    'A producer numbered two batches alike: two processes share a spool, or its key leaked',
  Equivocations: 'Two events with one id and different bytes',
  IntegrityErrors: 'What was stored does not open as it was signed',
  Throttled: 'A tenant was throttled past the deadline: its records wait in the redrive bucket',
} as const;

/** Nothing is dropped, missing or late unnoticed: an alarm for each way it could be. */
export class Alarms extends Construct {
  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    const { settings } = props;
    const period = Duration.minutes(5);
    const topic =
      settings.alarmTopicArn === undefined
        ? undefined
        : sns.Topic.fromTopicArn(this, 'Topic', settings.alarmTopicArn);
    const alarm = (
      name: string,
      alarmDescription: string,
      metric: cloudwatch.IMetric,
      atLeast = 1,
    ): void => {
      const made = new cloudwatch.Alarm(this, name, {
        alarmName: `sealtrail-${settings.stage}-${name}`,
        alarmDescription,
        metric,
        threshold: atLeast,
        evaluationPeriods: 1,
        comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        // No datum means that nothing happened, on every metric here.
        treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
      });
      if (topic !== undefined) made.addAlarmAction(new SnsAction(topic));
    };
    const age = props.consumer.metric('IteratorAge', { statistic: 'Maximum', period });

    alarm('Late', 'The consumer is 5 minutes behind', age, Duration.minutes(5).toMilliseconds());
    alarm(
      'NearLoss',
      'The consumer is behind by a tenth of what the stream keeps: mend it before records expire',
      age,
      Duration.days(settings.streamRetentionDays).toMilliseconds() / 10,
    );
    alarm(
      'ConsumerErrors',
      'The consumer failed as a whole',
      props.consumer.metricErrors({ statistic: 'Sum', period }),
    );
    alarm(
      'DeadLetters',
      'Records wait in the quarantine or redrive bucket',
      props.deadLetters.metricApproximateNumberOfMessagesVisible({ statistic: 'Maximum', period }),
    );
    alarm(
      'DeliveryFailures',
      'Lambda could not keep what the consumer gave up: those records are lost when the stream lets go',
      props.consumer.metric('DestinationDeliveryFailures', { statistic: 'Sum', period }),
    );
    alarm(
      'TokenErrors',
      'The token service failed as a whole',
      props.token.metricErrors({ statistic: 'Sum', period }),
    );
    alarm(
      'ServerErrors',
      'The API answered 5xx: no credentials are vended, or nothing can be read',
      // Of the whole API: a metric for each route is charged, one by one.
      props.api.metricServerError({
        statistic: 'Sum',
        period,
        dimensionsMap: { ApiId: props.api.apiId, Stage: '$default' },
      }),
    );
    for (const [name, description] of Object.entries(own)) {
      alarm(
        name,
        description,
        new cloudwatch.Metric({
          namespace: 'Sealtrail',
          metricName: name,
          dimensionsMap: { Stage: settings.stage },
          statistic: 'Sum',
          period,
        }),
      );
    }
  }
}
