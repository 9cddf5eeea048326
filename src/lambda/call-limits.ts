/**
 * How long a function's SDK clients wait for an answer, ms. Without `throwOnRequestTimeout` they only warn, and a
 * connection that hangs holds the function up until its own time is over, its neighbours' work with it
 * (`NodeHttpHandlerOptions` in @smithy/types).
 */
export const callLimits = {
  connectionTimeout: 2_000,
  requestTimeout: 4_000,
  throwOnRequestTimeout: true,
} as const;
