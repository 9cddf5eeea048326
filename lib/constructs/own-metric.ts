import type { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { Settings } from '../settings.ts';

export const namespace = 'Sealtrail';

export interface OwnMetricOptions {
  readonly period: Duration;
  /** @default Sum */
  readonly statistic?: string;
  /** The code that a count is about. @default all of them */
  readonly reason?: string;
}

/** A metric that the functions write into their own logs. */
export function ownMetric(
  settings: Settings,
  metricName: string,
  { period, statistic = 'Sum', reason }: OwnMetricOptions,
): cloudwatch.Metric {
  return new cloudwatch.Metric({
    namespace,
    metricName,
    dimensionsMap: {
      Stage: settings.stage,
      ...(reason === undefined ? {} : { Reason: reason }),
    },
    statistic,
    period,
    ...(reason === undefined ? {} : { label: reason }),
  });
}

/** The sum of several metrics, where one without a datum counts as nothing. */
export function sumOf(
  metrics: Readonly<Record<string, cloudwatch.IMetric>>,
  label: string,
  period: Duration,
): cloudwatch.MathExpression {
  const filled = Object.keys(metrics).map((id) => `FILL(${id}, 0)`);
  return new cloudwatch.MathExpression({
    expression: filled.join(' + '),
    usingMetrics: { ...metrics },
    label,
    period,
  });
}
