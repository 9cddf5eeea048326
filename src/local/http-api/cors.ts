import type { IncomingMessage } from 'node:http';

/** An API's CorsConfiguration. */
export interface Cors {
  readonly allowOrigins: readonly string[];
  readonly allowMethods: readonly string[];
  readonly allowHeaders: readonly string[];
  readonly exposeHeaders: readonly string[];
  readonly maxAge: number;
}

type Asked = {
  readonly headers: IncomingMessage['headers'];
  readonly method?: string | undefined;
};

/**
 * What the gateway adds to an answer to this request. With a configuration it answers preflight requests by itself,
 * whether or not there is a route, and a function's own CORS headers count for nothing.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
 */
export function corsHeaders(
  { headers, method }: Asked,
  cors: Cors,
): [name: string, value: string][] {
  const { origin } = headers;
  if (origin === undefined || !cors.allowOrigins.includes(origin)) return [];
  const allowed: [string, string][] = [['access-control-allow-origin', origin]];
  if (!isPreflight({ headers, method }))
    return [...allowed, ['access-control-expose-headers', cors.exposeHeaders.join(',')]];
  return [
    ...allowed,
    ['access-control-allow-methods', cors.allowMethods.join(',')],
    ['access-control-allow-headers', cors.allowHeaders.join(',')],
    ['access-control-max-age', String(cors.maxAge)],
  ];
}

export function isPreflight({ headers, method }: Asked): boolean {
  return (
    method === 'OPTIONS' &&
    headers.origin !== undefined &&
    headers['access-control-request-method'] !== undefined
  );
}
