import { withContext } from './context.ts';
import { type AuditContextOptions, requestContext } from './request-context.ts';

export type { AuditContextOptions } from './request-context.ts';

/** What is read of an Express 4 or 5 request. */
export interface ExpressRequest {
  /** Follows the app's setting `trust proxy`: https://expressjs.com/en/guide/behind-proxies.html */
  readonly ip?: string | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/**
 * Express middleware: whatever a request records through `inContext` gets its actor, ip, user agent,
 * request id and traceparent. The ip is `req.ip`, so behind a proxy set `trust proxy`; without it
 * `X-Forwarded-For` is ignored, as anyone can send it.
 *
 * @example
 * app.use(auditContext({ actor: (req: AppRequest) => req.user && { type: 'user', id: req.user.id } }));
 */
export function auditContext<R extends ExpressRequest>(
  options: AuditContextOptions<R>,
): (request: R, response: unknown, next: () => void) => void {
  return (request, _response, next) => {
    const { ip, headers } = request;
    withContext(requestContext(request, { ip, header: (name) => headers[name] }, options), next);
  };
}
