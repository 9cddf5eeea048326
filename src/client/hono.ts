import { withContext } from './context.ts';
import { type AuditContextOptions, requestContext } from './request-context.ts';

/** What is read of a Hono context. */
export interface HonoContext {
  readonly req: { header(name: string): string | undefined };
  readonly env: unknown;
}

export interface HonoOptions<C> extends AuditContextOptions<C> {
  /**
   * The caller's address. Hono knows no trusted proxies: behind one, say here which header yours sets
   * and overwrites. Default: the peer of the socket under `@hono/node-server`, elsewhere none.
   */
  readonly ip?: (context: C) => string | undefined;
}

/**
 * Hono middleware: whatever a request records through `inContext` gets its actor, ip, user agent,
 * request id and traceparent.
 *
 * @example
 * app.use(auditContext({ actor: (c: Context) => ({ type: 'user', id: c.get('userId') }) }));
 */
export function auditContext<C extends HonoContext>(
  options: HonoOptions<C>,
): (context: C, next: () => Promise<void>) => Promise<void> {
  return (context, next) => {
    const ip = options.ip === undefined ? peerOf(context.env) : options.ip(context);
    const facts = { ip, header: (name: string) => context.req.header(name) };
    return withContext(requestContext(context, facts, options), next);
  };
}

/** Where `@hono/node-server` keeps node's request. */
function peerOf(env: unknown): string | undefined {
  const { incoming } = (env ?? {}) as {
    incoming?: { socket?: { remoteAddress?: string | undefined } };
  };
  return incoming?.socket?.remoteAddress;
}
