import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { Settings } from '../settings.ts';
import type { OperatedProps } from './operated.ts';
import { ownMetric, sumOf } from './own-metric.ts';
import { type AlarmName, runbook } from './runbook.ts';
import { writeThrottles } from './write-throttles.ts';

/** When an alarm is raised. */
interface Condition {
  readonly metric: cloudwatch.IMetric;
  /** @default 1 */
  readonly atLeast?: number;
  /** What it means that there is no datum. @default that nothing happened */
  readonly missing?: cloudwatch.TreatMissingData;
}

const period = Duration.minutes(5);

/** Codes of records that do not prove to be whose they say; of records that came at the wrong time. */
const forged = {
  s: 'signature-invalid',
  u: 'grant-unknown',
  i: 'grant-invalid',
  r: 'grant-revoked',
  c: 'client-mismatch',
};
const stale = { e: 'grant-expired', t: 'too-old', a: 'clock-ahead' };

/** Nothing is dropped, missing or late unnoticed: an alarm for each way it could be, with its runbook line. */
export class Alarms extends Construct {
  constructor(scope: Construct, id: string, props: OperatedProps) {
    super(scope, id);
    const { settings } = props;
    const topic =
      settings.alarmTopicArn === undefined
        ? undefined
        : sns.Topic.fromTopicArn(this, 'Topic', settings.alarmTopicArn);
    for (const [name, condition] of Object.entries(conditions(props))) {
      const { means, do: act } = runbook[name as AlarmName];
      const made = new cloudwatch.Alarm(this, name, {
        alarmName: `sealtrail-${settings.stage}-${name}`,
        alarmDescription: `Means: ${means}\nDo: ${act}`,
        metric: condition.metric,
        threshold: condition.atLeast ?? 1,
        evaluationPeriods: 1,
        comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        treatMissingData: condition.missing ?? cloudwatch.TreatMissingData.NOT_BREACHING,
      });
      if (topic !== undefined) made.addAlarmAction(new SnsAction(topic));
    }
  }
}

function conditions(props: OperatedProps): Readonly<Record<AlarmName, Condition>> {
  const { settings, data, token, consumer, auditor, api } = props;
  const age = consumer.metric('IteratorAge', { statistic: 'Maximum', period });
  const sum = { statistic: 'Sum', period };
  const own = (name: string): Condition => ({ metric: ownMetric(settings, name, { period }) });
  return {
    Late: { metric: age, atLeast: Duration.minutes(5).toMilliseconds() },
    NearLoss: {
      metric: age,
      atLeast: Duration.days(settings.streamRetentionDays).toMilliseconds() / 10,
    },
    ConsumerErrors: { metric: consumer.metricErrors(sum) },
    ConsumerThrottles: { metric: consumer.metricThrottles(sum) },
    WriteThrottles: { metric: sumOf(writeThrottles(data, period), 'write throttles', period) },
    Throttled: own('Throttled'),
    DeliveryFailures: { metric: consumer.metric('DestinationDeliveryFailures', sum) },

    DeadLetters: {
      metric: data.deadLetters.metricApproximateNumberOfMessagesVisible({
        statistic: 'Maximum',
        period,
      }),
    },
    Quarantined: own('Quarantined'),
    QuarantinedForged: { metric: quarantined(settings, forged, 'forged') },
    QuarantinedStale: { metric: quarantined(settings, stale, 'stale') },
    UnknownVersion: own('UnknownVersion'),
    GrantsStopped: own('GrantsStopped'),

    // What is open now, told every minute. No datum: the auditor does not run, and nothing was mended by that.
    ProducerGaps: {
      metric: ownMetric(settings, 'ProducerGaps', { period, statistic: 'Maximum' }),
      missing: cloudwatch.TreatMissingData.IGNORE,
    },
    ProducerForks: own('ProducerForks'),
    Equivocations: own('Equivocations'),
    IntegrityErrors: own('IntegrityErrors'),
    AuditorSilent: {
      metric: ownMetric(settings, 'AuditorLag', { period, statistic: 'Maximum' }),
      atLeast: Duration.minutes(15).toMilliseconds(),
      missing: cloudwatch.TreatMissingData.BREACHING,
    },
    TenantsSkipped: own('TenantsSkipped'),
    AuditorErrors: { metric: auditor.metricErrors(sum) },

    TokenErrors: { metric: token.metricErrors(sum) },
    TokenFailed: own('TokenFailed'),
    TokenRefused: { ...own('TokenRefused'), atLeast: 100 },
    IssuerThrottled: own('IssuerThrottled'),
    ReadsUnrecorded: own('ReadsUnrecorded'),
    ServerErrors: {
      // Of the whole API: a metric for each route is charged, one by one.
      metric: api.metricServerError({
        ...sum,
        dimensionsMap: { ApiId: api.apiId, Stage: '$default' },
      }),
    },
  };
}

function quarantined(settings: Settings, reasons: Record<string, string>, label: string) {
  const metrics = Object.entries(reasons).map(([id, reason]) => [
    id,
    ownMetric(settings, 'Quarantined', { period, reason }),
  ]);
  return sumOf(Object.fromEntries(metrics), label, period);
}
