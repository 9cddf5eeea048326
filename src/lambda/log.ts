/** The metrics of the stack's alarms and dashboard. */
type Metric =
  | 'Quarantined'
  | 'UnknownVersion'
  | 'ProducerGaps'
  | 'ProducerForks'
  | 'ProducersUnfinished'
  | 'AuditorLag'
  | 'TenantsSkipped'
  | 'Equivocations'
  | 'IntegrityErrors'
  | 'Throttled'
  | 'GrantsStopped'
  | 'QuarantineRepeats'
  | 'TalliesFailed'
  | 'ReadsUnrecorded'
  | `${Service}${'Refused' | 'Failed'}`
  | 'IssuerThrottled';

/** Those who answer requests. */
export type Service = 'Token' | 'Read';

/** What is not a count. */
const units: Partial<Record<Metric, string>> = { AuditorLag: 'Milliseconds' };

/** Structured lines on standard output. Never given a key, a token, a credential or an event's content. */
export interface Log {
  info(message: string, fields?: object): void;
  warn(message: string, fields?: object): void;
  error(message: string, fields?: object): void;
  /** Counts in the CloudWatch embedded metric format, so that no call is made; `reason` is a second dimension. */
  count(metric: Metric, value: number, reason?: string): void;
}

export function createLog(
  stage: string,
  write: (line: string) => void = (line) => process.stdout.write(`${line}\n`),
): Log {
  const say =
    (level: string) =>
    (message: string, fields: object = {}) =>
      write(JSON.stringify({ level, time: new Date().toISOString(), message, ...fields }));
  return {
    info: say('info'),
    warn: say('warn'),
    error: say('error'),
    count: (metric, value, reason) => write(JSON.stringify(emf(stage, metric, value, reason))),
  };
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html */
function emf(stage: string, metric: Metric, value: number, reason: string | undefined): object {
  const dimensions = reason === undefined ? [['Stage']] : [['Stage'], ['Stage', 'Reason']];
  return {
    _aws: {
      Timestamp: Date.now(),
      CloudWatchMetrics: [
        {
          Namespace: 'Sealtrail',
          Dimensions: dimensions,
          Metrics: [{ Name: metric, Unit: units[metric] ?? 'Count' }],
        },
      ],
    },
    Stage: stage,
    ...(reason === undefined ? {} : { Reason: reason }),
    [metric]: value,
  };
}

/** What may be logged of an error that is not ours: its name and message, not what it holds. */
export function describeError(error: unknown): { error: string; detail: string } {
  return error instanceof Error
    ? { error: error.name, detail: error.message.slice(0, 500) }
    : { error: 'unknown', detail: typeof error };
}
