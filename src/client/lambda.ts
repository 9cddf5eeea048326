import { SealtrailError } from '../domain/error.ts';
import { type AuditContext, withContext } from './context.ts';
import type { Recorder } from './recorder.ts';
import { plainAddress } from './request-context.ts';

/** What is read of the context that Lambda gives. */
export interface LambdaContext {
  readonly awsRequestId: string;
  getRemainingTimeInMillis(): number;
}

export interface WithAuditOptions<E, C> {
  /** What `inContext` or `createAuditClient` made; one for the whole environment, not one a request. */
  readonly audit: Pick<Recorder, 'flush'>;
  /** Who and where, beyond what the event of an API Gateway or function URL says itself. */
  readonly context?: (event: E, lambda: C) => AuditContext;
  /** How long before the function's own timeout flushing is given up, ms. @default 500 */
  readonly marginMs?: number;
  /**
   * Not all was accepted in time. It stays in memory, and goes out if the environment is used again, or
   * is lost with it; throw to fail the invocation. @default writes it to stderr, and answers
   */
  readonly onUnflushed?: (error: SealtrailError) => void;
}

/**
 * The handler, which answers (or throws) only after all that it recorded is on the stream: a Lambda
 * environment is frozen as soon as it has answered. Records inside of it have the request id, and, of an
 * API Gateway or a function URL, the ip and user agent that AWS saw. For handlers that return a promise;
 * a streamed response has to flush itself, before it ends the stream.
 *
 * @example
 * export const handler = withAudit({ audit }, async (event: APIGatewayProxyEventV2) => {
 *   await audit.record('invoice.refunded', { actor, targets });
 *   return { statusCode: 204 };
 * });
 */
export function withAudit<E, C extends LambdaContext, R>(
  options: WithAuditOptions<E, C>,
  handler: (event: E, context: C) => R | Promise<R>,
): (event: E, context: C) => Promise<R> {
  const { audit, marginMs = 500, onUnflushed = report } = options;
  return async (event, lambda) => {
    try {
      return await withContext({ context: originOf(event, lambda) }, async () =>
        withContext(options.context?.(event, lambda) ?? {}, () => handler(event, lambda)),
      );
    } finally {
      const left = lambda.getRemainingTimeInMillis() - marginMs;
      if (!(await isFlushed(audit, left))) onUnflushed(unflushed(left));
    }
  };
}

/** Whether it was in time. The timer must hold the process: without it Lambda sees an empty event loop. */
async function isFlushed(audit: Pick<Recorder, 'flush'>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), Math.max(0, ms));
  });
  const flushed = audit.flush().then(
    () => true,
    () => false,
  );
  return Promise.race([flushed, tooLate]).finally(() => clearTimeout(timer));
}

function unflushed(ms: number): SealtrailError {
  const message = `events are not accepted ${Math.round(ms)} ms after the handler; see stats().lastError`;
  return new SealtrailError('unavailable', message);
}

function report(error: SealtrailError): void {
  console.error('sealtrail:', error);
}

interface Identity {
  readonly sourceIp?: string;
  readonly userAgent?: string | null;
}

/**
 * Of the payload formats 1.0 and 2.0; in both the address is the peer's of AWS, not a header:
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
function originOf(event: unknown, { awsRequestId }: LambdaContext): AuditContext['context'] {
  const { requestContext } = (event ?? {}) as {
    requestContext?: { http?: Identity; identity?: Identity };
  };
  const { sourceIp, userAgent } = requestContext?.http ?? requestContext?.identity ?? {};
  const ip = plainAddress(sourceIp);
  return {
    requestId: awsRequestId,
    ...(ip === undefined ? {} : { ip }),
    ...(userAgent ? { userAgent: userAgent.slice(0, 2048).toWellFormed() } : {}),
  };
}
