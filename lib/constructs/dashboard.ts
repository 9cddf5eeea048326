import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import type { Settings } from '../settings.ts';
import type { OperatedProps } from './operated.ts';
import { namespace, ownMetric } from './own-metric.ts';
import { writeThrottles } from './write-throttles.ts';

const period = Duration.minutes(5);

/** One page from the stream to the reader, in the order in which one looks when something is wrong. */
export class Dashboard extends Construct {
  constructor(scope: Construct, id: string, props: OperatedProps) {
    super(scope, id);
    const { settings } = props;
    new cloudwatch.Dashboard(this, 'Dashboard', {
      dashboardName: `sealtrail-${settings.stage}`,
      defaultInterval: Duration.hours(12),
      widgets: [ingest(props), refused(props), producers(props), requests(props)],
    });
  }
}

function graph(
  title: string,
  left: readonly cloudwatch.IMetric[],
  right: readonly cloudwatch.IMetric[] = [],
): cloudwatch.GraphWidget {
  return new cloudwatch.GraphWidget({
    title,
    width: 8,
    height: 6,
    left: [...left],
    right: [...right],
  });
}

const sum = { statistic: 'Sum', period };
const maximum = { statistic: 'Maximum', period };

function ingest({ data, consumer }: OperatedProps): cloudwatch.IWidget[] {
  const { stream } = data;
  return [
    graph(
      'Stream: records in, and throttled',
      [stream.metricIncomingRecords(sum)],
      [stream.metric('WriteProvisionedThroughputExceeded', sum)],
    ),
    graph(
      'Consumer: how far behind, and failures',
      [consumer.metric('IteratorAge', maximum)],
      [consumer.metricErrors(sum), consumer.metricThrottles(sum)],
    ),
    graph('Tables: throttled writes', Object.values(writeThrottles(data, period))),
  ];
}

function refused({ settings, data, consumer }: OperatedProps): cloudwatch.IWidget[] {
  return [
    graph(
      'Quarantined, by reason; of these repeats, which are not kept again',
      [byReason(settings, 'Quarantined')],
      [ownMetric(settings, 'QuarantineRepeats', { period })],
    ),
    graph('Put aside for later', [
      ownMetric(settings, 'Throttled', { period }),
      ownMetric(settings, 'UnknownVersion', { period }),
    ]),
    graph(
      'Grants stopped for their quota; tallies that failed',
      [ownMetric(settings, 'GrantsStopped', { period })],
      [ownMetric(settings, 'TalliesFailed', { period })],
    ),
    graph(
      'Dead letters; given up and not kept',
      [data.deadLetters.metricApproximateNumberOfMessagesVisible(maximum)],
      [consumer.metric('DestinationDeliveryFailures', sum)],
    ),
  ];
}

function producers({ settings, auditor }: OperatedProps): cloudwatch.IWidget[] {
  const own = (name: string, statistic: string) => ownMetric(settings, name, { period, statistic });
  return [
    graph(
      'Producers: gaps open, unfinished; new forks',
      [own('ProducerGaps', 'Maximum'), own('ProducersUnfinished', 'Maximum')],
      [own('ProducerForks', 'Sum')],
    ),
    graph(
      'Auditor: how far behind; failures, tenants skipped',
      [own('AuditorLag', 'Maximum')],
      [auditor.metricErrors(sum), own('TenantsSkipped', 'Maximum')],
    ),
    graph('Integrity', [own('IntegrityErrors', 'Sum'), own('Equivocations', 'Sum')]),
  ];
}

function requests({ settings, token, read, api }: OperatedProps): cloudwatch.IWidget[] {
  const dimensionsMap = { ApiId: api.apiId, Stage: '$default' };
  return [
    graph(
      'Token service: refused by reason, failed, throttled by KMS and STS',
      [byReason(settings, 'TokenRefused')],
      [byReason(settings, 'TokenFailed'), byReason(settings, 'IssuerThrottled')],
    ),
    graph(
      'Read API: refused and failed, by reason; reads not recorded',
      [byReason(settings, 'ReadRefused'), byReason(settings, 'ReadFailed')],
      [ownMetric(settings, 'ReadsUnrecorded', sum)],
    ),
    graph(
      'API: time to answer (99%, and the longest of each function); 5xx',
      [
        api.metricLatency({ statistic: 'p99', period, dimensionsMap }),
        token.metricDuration({ ...maximum, label: 'token' }),
        read.metricDuration({ ...maximum, label: 'read' }),
      ],
      [api.metricServerError({ ...sum, dimensionsMap })],
    ),
  ];
}

/** Every reason that there is, whatever they are called. */
function byReason({ stage }: Settings, metricName: string): cloudwatch.MathExpression {
  const search = `{${namespace},Reason,Stage} MetricName="${metricName}" Stage="${stage}"`;
  return new cloudwatch.MathExpression({
    expression: `SEARCH('${search}', 'Sum', ${period.toSeconds()})`,
    usingMetrics: {},
    // The legend names each by its reason.
    label: '',
    period,
  });
}
