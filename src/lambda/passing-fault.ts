/** Errors of AWS services that say: not now (each service has a name of its own for it). */
const names = new Set([
  'DependencyTimeoutException',
  'InternalServerError',
  'KMSInternalException',
  'LimitExceededException',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestTimeout',
  'ServiceUnavailable',
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'TimeoutError',
  'TooManyRequestsException',
]);

/** Errors of Node's sockets and of its resolver: no connection, or one that broke. */
const codes = new Set([
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
]);

/**
 * Whether an error of an AWS client passes by itself: throttling, a time-out, no connection, a fault of the service
 * (`$fault` and `$metadata` of its exceptions). Not one of ours: a permission or a table that is missing goes on
 * until it is mended, and must not look like an outage.
 */
export function isPassingFault(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { name, code, $fault, $metadata } = error as Error & {
    readonly code?: unknown;
    readonly $fault?: unknown;
    readonly $metadata?: { readonly httpStatusCode?: number };
  };
  return (
    names.has(name) ||
    codes.has(String(code)) ||
    $fault === 'server' ||
    ($metadata?.httpStatusCode ?? 0) >= 500
  );
}
