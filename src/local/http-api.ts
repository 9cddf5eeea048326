import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerOf, type HttpAnswer, plain } from './http-api/answer.ts';
import { type Cors, corsHeaders, isPreflight } from './http-api/cors.ts';
import { eventOf } from './http-api/event.ts';
import { createRoutes } from './http-api/routes.ts';
import { createBuckets, type Throttle } from './http-api/throttle.ts';
import type { InvokeResult } from './lambda/invoke-result.ts';

export interface HttpApiFunction {
  invoke(payload: unknown): Promise<InvokeResult>;
}

export interface HttpApi {
  /**
   * @param key `POST /v1/credentials`, `GET /v1/events/{id}`, `ANY /{proxy+}` or `$default`; an
   * earlier route of the same key is replaced.
   */
  route(key: string, fn: HttpApiFunction): void;
  /**
   * What passes to each route from now on, or to those of these keys; the rest is answered 429 and invokes nothing.
   * @default all
   */
  throttle(limits: Throttle | undefined, byRoute?: Readonly<Record<string, Throttle>>): void;
  /** Which pages of other origins may ask from now on. @default none */
  cors(configuration: Cors | undefined): void;
  unroute(key: string): void;
  handle(request: IncomingMessage, response: ServerResponse): void;
}

/**
 * Limits that cannot be raised.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
 */
const payloadLimit = 10 * 1024 * 1024;
const integrationLimit = 30_000;

/**
 * An API Gateway HTTP API with Lambda proxy integrations, payload format 2.0.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 *
 * @param options `integrationMilliseconds`: how long a function may take, 30 s by default.
 */
export function createHttpApi(
  options: { readonly integrationMilliseconds?: number } = {},
): HttpApi {
  const { integrationMilliseconds = integrationLimit } = options;
  const routes = createRoutes<HttpApiFunction>();
  let passes: (route: string) => boolean = () => true;
  let cors: Cors | undefined;

  async function answerWithCors(request: IncomingMessage): Promise<HttpAnswer> {
    if (cors === undefined) return answer(request);
    const added = corsHeaders(request, cors);
    if (isPreflight(request)) return { status: 204, headers: added, body: '' };
    const { headers, ...rest } = await answer(request);
    const own = headers.filter(([name]) => !name.startsWith('access-control-'));
    return { ...rest, headers: [...own, ...added] };
  }

  async function answer(request: IncomingMessage): Promise<HttpAnswer> {
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
    const match = routes.find(request.method ?? 'GET', path);
    if (match === undefined) return plain(404, 'Not Found');
    if (match === 'malformed') return plain(400, 'Bad Request');
    if (!passes(match.key)) return plain(429, 'Too Many Requests');
    const body = await read(request);
    if (body === undefined) return plain(413, 'Request Entity Too Large');
    const event = eventOf({ request, body, routeKey: match.key, parameters: match.parameters });

    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(resolve, integrationMilliseconds, 'late');
    });
    const result = await Promise.race([match.target.invoke(event), late]);
    clearTimeout(timer);
    return result === 'late' ? plain(503, 'Service Unavailable') : answerOf(result);
  }

  return {
    route: routes.add,
    throttle(limits, byRoute) {
      passes = createBuckets(limits, byRoute);
    },
    cors(configuration) {
      cors = configuration;
    },
    unroute: routes.remove,
    handle(request, response) {
      answerWithCors(request)
        .catch(() => plain(500, 'Internal Server Error'))
        .then(({ status, headers, body }) => {
          for (const [name, value] of headers) response.appendHeader(name, value);
          response.writeHead(status).end(body);
        })
        // The caller has gone, or h2 took offence at a header.
        .catch(() => response.destroy());
    },
  };
}

/** The body, or nothing if it is too large: it is read to its end, so that the caller hears why. */
async function read(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= payloadLimit) chunks.push(chunk);
  }
  return size <= payloadLimit ? Buffer.concat(chunks) : undefined;
}
