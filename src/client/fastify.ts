import { withContext } from './context.ts';
import { type AuditContextOptions, requestContext } from './request-context.ts';

export type { AuditContextOptions } from './request-context.ts';

/** What is read of a Fastify request. */
export interface FastifyRequest {
  /** Follows the server's option `trustProxy`: https://fastify.dev/docs/latest/Reference/Server/ */
  readonly ip: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** `hook` is `never`, as Fastify's types ask for all of its own request and reply; see `Hook`. */
interface FastifyInstance {
  addHook(name: 'onRequest', hook: never): unknown;
}

type Hook<R> = (request: R, reply: unknown, next: () => void) => void;

/**
 * Fastify plugin: whatever a request records through `inContext` gets its actor, ip, user agent, request
 * id and traceparent. The ip is `request.ip`, so behind a proxy set `trustProxy`; without it
 * `X-Forwarded-For` is ignored, as anyone can send it.
 *
 * @example
 * await app.register(auditContext, { actor: (request) => userOf(request) });
 */
export function auditContext<R extends FastifyRequest>(
  fastify: FastifyInstance,
  options: AuditContextOptions<R>,
  done: () => void,
): void {
  // Fastify itself keeps the context over the parsing of a body (its content-type-parser.js).
  const begin: Hook<R> = (request, _reply, next) => {
    const { ip, headers } = request;
    withContext(requestContext(request, { ip, header: (name) => headers[name] }, options), next);
  };
  fastify.addHook('onRequest', begin as never);
  done();
}

// For the whole app, not only for what is registered inside of this plugin:
// https://fastify.dev/docs/latest/Reference/Plugins/#handle-the-scope
Object.assign(auditContext, { [Symbol.for('skip-override')]: true });
