import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import { runbook } from '../../lib/constructs/runbook.ts';
import { assemble, prodContext } from '../fixture/assemble.ts';

const dev = assemble().service;
const prod = assemble(prodContext).service;

const alarm = (name: string) => {
  const found = Object.values(prod.findResources('AWS::CloudWatch::Alarm')).filter(
    ({ Properties }) => Properties.AlarmName === `sealtrail-prod-${name}`,
  );
  expect(found).toHaveLength(1);
  return found[0]?.['Properties'];
};

test('every line of the runbook has its alarm, and every alarm its line', () => {
  const alarms = Object.values(prod.findResources('AWS::CloudWatch::Alarm'));
  expect(alarms.map(({ Properties }) => Properties.AlarmName).sort()).toEqual(
    Object.keys(runbook)
      .map((name) => `sealtrail-prod-${name}`)
      .sort(),
  );
  for (const { Properties } of alarms) {
    expect(Properties.AlarmDescription).toMatch(/^Means: .{20,}\nDo: .{5,}$/);
    expect(Properties.AlarmDescription.length).toBeLessThanOrEqual(1024);
  }
});

describe('an alarm of AWS’s own metrics', () => {
  test.each([
    ['Late', 'AWS/Lambda', 'IteratorAge', 'Maximum', 300_000],
    ['NearLoss', 'AWS/Lambda', 'IteratorAge', 'Maximum', 60_480_000],
    ['ConsumerErrors', 'AWS/Lambda', 'Errors', 'Sum', 1],
    ['ConsumerThrottles', 'AWS/Lambda', 'Throttles', 'Sum', 1],
    ['DeliveryFailures', 'AWS/Lambda', 'DestinationDeliveryFailures', 'Sum', 1],
    ['DeadLetters', 'AWS/SQS', 'ApproximateNumberOfMessagesVisible', 'Maximum', 1],
    ['AuditorErrors', 'AWS/Lambda', 'Errors', 'Sum', 1],
    ['TokenErrors', 'AWS/Lambda', 'Errors', 'Sum', 1],
    ['ServerErrors', 'AWS/ApiGateway', '5xx', 'Sum', 1],
  ] as const)('%s: %s %s, %s at %d', (name, Namespace, MetricName, Statistic, Threshold) => {
    expect(alarm(name)).toMatchObject({
      Namespace,
      MetricName,
      Statistic,
      Threshold,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      EvaluationPeriods: 1,
      Period: 300,
      TreatMissingData: 'notBreaching',
    });
  });

  test.each([
    ['Consumer', 'ConsumerErrors'],
    ['Consumer', 'ConsumerThrottles'],
    ['Consumer', 'DeliveryFailures'],
    ['Consumer', 'Late'],
    ['Auditor', 'AuditorErrors'],
    ['Token', 'TokenErrors'],
  ])('of the function %s: %s', (name, its) => {
    expect(alarm(its).Dimensions).toEqual([
      { Name: 'FunctionName', Value: { Ref: expect.stringMatching(`^${name}`) } },
    ]);
  });
});

describe('an alarm of our own metrics', () => {
  test.each([
    ['Throttled', 'Throttled', 'Sum', 1, 'notBreaching'],
    ['Quarantined', 'Quarantined', 'Sum', 1, 'notBreaching'],
    ['UnknownVersion', 'UnknownVersion', 'Sum', 1, 'notBreaching'],
    ['GrantsStopped', 'GrantsStopped', 'Sum', 1, 'notBreaching'],
    ['ProducerGaps', 'ProducerGaps', 'Maximum', 1, 'ignore'],
    ['ProducerForks', 'ProducerForks', 'Sum', 1, 'notBreaching'],
    ['Equivocations', 'Equivocations', 'Sum', 1, 'notBreaching'],
    ['IntegrityErrors', 'IntegrityErrors', 'Sum', 1, 'notBreaching'],
    ['AuditorSilent', 'AuditorLag', 'Maximum', 900_000, 'breaching'],
    ['TenantsSkipped', 'TenantsSkipped', 'Sum', 1, 'notBreaching'],
    ['TokenFailed', 'TokenFailed', 'Sum', 1, 'notBreaching'],
    ['TokenRefused', 'TokenRefused', 'Sum', 100, 'notBreaching'],
    ['IssuerThrottled', 'IssuerThrottled', 'Sum', 1, 'notBreaching'],
  ] as const)('%s: %s, %s at %d', (name, MetricName, Statistic, Threshold, TreatMissingData) => {
    expect(alarm(name)).toMatchObject({
      Namespace: 'Sealtrail',
      MetricName,
      Dimensions: [{ Name: 'Stage', Value: 'prod' }],
      Statistic,
      Threshold,
      Period: 300,
      TreatMissingData,
    });
  });
});

describe('an alarm of several metrics', () => {
  interface Query {
    readonly Id: string;
    readonly Expression?: string;
    readonly MetricStat?: {
      readonly Metric: {
        readonly MetricName: string;
        readonly Dimensions: readonly { readonly Name: string; readonly Value: unknown }[];
      };
    };
  }
  const metricsOf = (name: string) => {
    const queries: Query[] = alarm(name).Metrics;
    const stats = queries.flatMap(({ MetricStat }) => MetricStat?.Metric ?? []);
    const { Expression } = queries.find((query) => query.Expression !== undefined) ?? {};
    for (const { Id } of queries.filter(({ MetricStat }) => MetricStat !== undefined))
      expect(Expression).toContain(`FILL(${Id}, 0)`);
    return stats;
  };

  test('WriteThrottles: every table and every index', () => {
    const stats = metricsOf('WriteThrottles');
    expect(new Set(stats.map(({ MetricName }) => MetricName))).toEqual(
      new Set(['WriteThrottleEvents']),
    );
    const tables = JSON.stringify(stats);
    for (const name of ['Batches', 'Grants', 'Registry', 'Quotas', 'Producers'])
      expect(tables).toMatch(new RegExp(`ExportsOutputRef${name}[0-9A-F]{8}`));
    const indexes = stats.flatMap(({ Dimensions }) =>
      Dimensions.filter(({ Name }) => Name === 'GlobalSecondaryIndexName'),
    );
    expect(indexes.map(({ Value }) => Value)).toEqual(['summary', 'watch']);
  });

  test.each([
    [
      'QuarantinedForged',
      ['client-mismatch', 'grant-invalid', 'grant-revoked', 'grant-unknown', 'signature-invalid'],
    ],
    ['QuarantinedStale', ['clock-ahead', 'grant-expired', 'too-old']],
  ])('%s: quarantine by these reasons', (name, reasons) => {
    const dimensions = metricsOf(name).flatMap(({ Dimensions }) => Dimensions);
    const values = dimensions.filter(({ Name }) => Name === 'Reason').map(({ Value }) => Value);
    expect(values.sort()).toEqual(reasons);
  });
});

test('alarms tell the topic that the settings name, and nobody without it', () => {
  const alarmTopicArn = 'arn:aws:sns:eu-west-1:111122223333:ops';
  assemble({ alarmTopicArn }).service.allResourcesProperties('AWS::CloudWatch::Alarm', {
    AlarmActions: [alarmTopicArn],
  });
  dev.allResourcesProperties('AWS::CloudWatch::Alarm', { AlarmActions: Match.absent() });
});

test('the dashboard shows every metric of an alarm', () => {
  const [dashboard] = Object.values(prod.findResources('AWS::CloudWatch::Dashboard'));
  expect(dashboard?.['Properties'].DashboardName).toBe('sealtrail-prod');
  const body = JSON.stringify(dashboard?.['Properties'].DashboardBody);
  const alarms = Object.values(prod.findResources('AWS::CloudWatch::Alarm'));
  const names = alarms.flatMap(({ Properties }) => Properties.MetricName ?? []);
  for (const name of names) expect(body).toContain(name);
  expect(body).toContain('{Sealtrail,Reason,Stage} MetricName=');
});
