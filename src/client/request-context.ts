import { randomUUID } from 'node:crypto';
import { traceparentPattern } from '../domain/event.ts';
import { ipPattern } from '../domain/ip.ts';
import type { Actor, AuditContext } from './context.ts';

/** What a middleware needs from the app, for a framework's request `R`. */
export interface AuditContextOptions<R> {
  /**
   * Who makes the request; undefined where nobody is known. It is asked at each `record`, not when the
   * request arrives, so it may read what an authentication set later. Never guessed from the request.
   */
  readonly actor: (request: R) => Actor | undefined;
  /** Default: the header `x-request-id` if it is a plausible id, else a new UUID. */
  readonly requestId?: (request: R) => string;
}

/** What frameworks have in common. */
export interface RequestFacts {
  /** By lower-case name. */
  readonly header: (name: string) => string | readonly string[] | undefined;
  /** As the framework sees it through the proxies that it was told to trust. */
  readonly ip: string | undefined;
}

const plausibleId = /^[A-Za-z0-9._:/+=@-]{1,128}$/;
/** What the event's schema takes. */
const longestUserAgent = 2048;

/**
 * The context of one request. What a caller may have made up (headers) is taken only in a form in which
 * it cannot make an event invalid: nobody must be able to prevent a record by a header.
 */
export function requestContext<R>(
  request: R,
  { header, ip }: RequestFacts,
  options: AuditContextOptions<R>,
): AuditContext {
  const traceparent = single(header('traceparent'));
  const address = plainAddress(ip);
  const userAgent = single(header('user-agent'))?.slice(0, longestUserAgent).toWellFormed();
  return {
    actor: () => options.actor(request),
    context: {
      ...(address === undefined ? {} : { ip: address }),
      ...(userAgent === undefined ? {} : { userAgent }),
      requestId: options.requestId?.(request) ?? idOf(single(header('x-request-id'))),
    },
    ...(traceparent !== undefined && traceparentPattern.test(traceparent) ? { traceparent } : {}),
  };
}

function idOf(given: string | undefined): string {
  return given !== undefined && plausibleId.test(given) ? given : randomUUID();
}

/** IPv4 that a dual-stack socket shows as IPv6, as IPv4; without a zone (`fe80::1%eth0`). */
export function plainAddress(ip: string | undefined): string | undefined {
  const address = ip?.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  return address !== undefined && ipPattern.test(address) ? address : undefined;
}

/** A header given twice says nothing. */
function single(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
