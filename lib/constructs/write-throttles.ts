import type { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { summaryIndex, watchIndex } from '../../src/store/keys.ts';
import type { AuditStore } from '../audit-store.ts';

/**
 * Throttled writes of every table, and of the indexes, whose throttling holds up their tables' writes
 * (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html). Ten at most: an
 * alarm takes no more.
 */
export function writeThrottles(
  data: AuditStore,
  period: Duration,
): Record<string, cloudwatch.Metric> {
  const throttles = (label: string, dimensionsMap: Record<string, string>) =>
    new cloudwatch.Metric({
      namespace: 'AWS/DynamoDB',
      metricName: 'WriteThrottleEvents',
      dimensionsMap,
      statistic: 'Sum',
      period,
      label,
    });
  const { batches, grants, registry, quotas, producers } = data;
  const tables = Object.entries({ batches, grants, registry, quotas, producers }).map(
    ([name, { tableName }]) => [name, throttles(name, { TableName: tableName })],
  );
  return {
    ...Object.fromEntries(tables),
    summary: throttles('summary', {
      TableName: batches.tableName,
      GlobalSecondaryIndexName: summaryIndex,
    }),
    watch: throttles('watch', {
      TableName: producers.tableName,
      GlobalSecondaryIndexName: watchIndex,
    }),
  };
}
