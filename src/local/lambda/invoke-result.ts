/** What became of one invocation. Only `ok` and `error` are answers of the function's own code. */
export type InvokeResult =
  | { readonly kind: 'ok'; readonly payload: unknown }
  | {
      readonly kind: 'error';
      /** The error's name, or Lambda's own such as `Runtime.ImportModuleError`. */
      readonly type: string;
      readonly message: string;
      /** Lambda turned the call away: no code of the function has run. */
      readonly refused?: 'throttled' | 'too-large';
    }
  | { readonly kind: 'timeout' }
  /** The process ended: exit, signal, or over its memory. */
  | { readonly kind: 'crash'; readonly reason: string };

/**
 * Largest request payload, bytes, and what Lambda lets a response have beyond it.
 * https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
 */
export const requestLimit = 6 * 1024 * 1024;
export const responseLimit = requestLimit + 100;

/** The answer while a deployment is in progress. */
export const deploymentInProgress: InvokeResult = {
  kind: 'error',
  type: 'ResourceConflictException',
  message: 'The operation cannot be performed at this time. The function is being updated.',
  refused: 'throttled',
};

/**
 * The answer while as many invocations are under way as are reserved for the function
 * (`ReservedFunctionConcurrentInvocationLimitExceeded` of
 * https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html).
 */
export const reserveUsedUp: InvokeResult = {
  kind: 'error',
  type: 'TooManyRequestsException',
  message: 'Rate Exceeded.',
  refused: 'throttled',
};
