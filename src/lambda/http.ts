import middy from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { type ErrorCode, SealtrailError } from '../domain/error.ts';
import { describeError, type Log, type Service } from './log.ts';
import { isPassingFault } from './passing-fault.ts';

/** A request of the HTTP API (payload format 2.0), with nothing decoded that could be decoded in two ways. */
export interface HttpRequest {
  readonly method: string;
  /** The route's key, such as `GET /v1/events/{id}`. */
  readonly route: string;
  readonly path: string;
  readonly params: Readonly<Record<string, string | undefined>>;
  readonly query: URLSearchParams;
  /** Lower-case names; a header that came twice is joined with a comma. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
  /** Host that the request was sent to. */
  readonly domain: string;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

export type Operation = (request: HttpRequest) => Promise<HttpResponse>;

/**
 * A Lambda handler for these routes (`POST /v1/credentials`), with errors answered as RFC 9457 problems, and
 * counted: what failed on our side, and who was refused (401, 403, 429), by code.
 */
export function httpHandler(
  routes: Readonly<Record<string, Operation>>,
  log: Log,
  service: Service,
) {
  return middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>()
    .use({
      onError: (request) => {
        request.response = toResult(problem(request.error, log, service));
      },
    })
    .handler(async (event) => {
      const operation = Object.hasOwn(routes, event.routeKey) ? routes[event.routeKey] : undefined;
      if (operation === undefined)
        throw new SealtrailError('not-found', 'there is no such resource');
      return toResult(await operation(toRequest(event)));
    });
}

export function json(
  status: number,
  value: unknown,
  headers: Record<string, string> = {},
): HttpResponse {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(value),
  };
}

function toRequest(event: APIGatewayProxyEventV2): HttpRequest {
  return {
    route: event.routeKey,
    method: event.routeKey.split(' ')[0] ?? '',
    path: event.rawPath,
    params: event.pathParameters ?? {},
    query: new URLSearchParams(event.rawQueryString),
    headers: event.headers,
    body: Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8'),
    domain: event.requestContext.domainName,
  };
}

function toResult({ status, headers, body }: HttpResponse): APIGatewayProxyStructuredResultV2 {
  return {
    statusCode: status,
    headers: { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', ...headers },
    body: typeof body === 'string' ? body : body.toString('base64'),
    isBase64Encoded: typeof body !== 'string',
  };
}

/** The codes of problems, each with its status. Whatever else goes wrong is `internal`, 500. */
export const statuses = {
  'request-invalid': 400,
  'key-invalid': 400,
  'cursor-invalid': 400,
  'cursor-expired': 400,
  'batch-needed': 400,
  unauthenticated: 401,
  'proof-invalid': 401,
  forbidden: 403,
  'not-found': 404,
  'not-acceptable': 406,
  'request-too-large': 413,
  'quota-exceeded': 429,
  'integrity-broken': 500,
  throttled: 503,
  unavailable: 503,
  internal: 500,
} as const satisfies Partial<Record<ErrorCode, number>>;
export type ProblemCode = keyof typeof statuses;

function isProblem(code: ErrorCode | undefined): code is ProblemCode {
  return code !== undefined && Object.hasOwn(statuses, code);
}

/** What passes by itself is worth another try, wherever it came from. */
function ourErrorOf(error: unknown): SealtrailError | undefined {
  if (error instanceof SealtrailError) return error;
  return isPassingFault(error)
    ? new SealtrailError('unavailable', 'what this needs does not answer now; try again', {
        cause: error,
      })
    : undefined;
}

/** `serverTime` lets a client whose clock is off see by how much. */
function problem(error: unknown, log: Log, service: Service): HttpResponse {
  const ours = ourErrorOf(error);
  const code = isProblem(ours?.code) ? ours.code : 'internal';
  const status = statuses[code];
  if (code === 'integrity-broken') log.count('IntegrityErrors', 1);
  if (status >= 500) log.error('request failed', { code, ...describeError(ours?.cause ?? error) });
  if (status >= 500) log.count(`${service}Failed`, 1, code);
  if (status === 401 || status === 403 || status === 429) log.count(`${service}Refused`, 1, code);
  const detail = code === 'internal' ? 'something failed on our side' : ours?.message;
  return {
    status,
    headers: {
      'content-type': 'application/problem+json',
      ...(status === 401 ? { 'www-authenticate': 'Bearer, DPoP algs="EdDSA"' } : {}),
      ...(status === 429 || status === 503 ? { 'retry-after': status === 429 ? '60' : '2' } : {}),
    },
    body: JSON.stringify({
      type: `urn:sealtrail:error:${code}`,
      title: code,
      status,
      detail,
      code,
      serverTime: new Date().toISOString(),
    }),
  };
}
