import { isUtf8 } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

export interface Routed {
  readonly request: IncomingMessage;
  readonly body: Buffer;
  readonly routeKey: string;
  readonly parameters: Readonly<Record<string, string>> | undefined;
}

/**
 * The event of payload format 2.0.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
export function eventOf({ request, body, routeKey, parameters }: Routed): object {
  const url = request.url ?? '/';
  const mark = url.indexOf('?');
  const rawPath = mark < 0 ? url : url.slice(0, mark);
  const rawQueryString = mark < 0 ? '' : url.slice(mark + 1);
  const { cookie, ...headers } = headersOf(request.rawHeaders);
  const host = headers['host'] ?? (request.headers[':authority'] as string | undefined) ?? '';
  const sourceIp = request.socket.remoteAddress ?? '';
  const now = new Date();

  return {
    version: '2.0',
    routeKey,
    rawPath,
    rawQueryString,
    ...(cookie !== undefined && { cookies: cookie.split(/[;,] */) }),
    headers: {
      ...headers,
      host,
      'x-forwarded-for': joined(headers['x-forwarded-for'], sourceIp, ', '),
      'x-forwarded-port': host.split(':')[1] ?? '80',
      'x-forwarded-proto': 'http',
    },
    ...(rawQueryString !== '' && { queryStringParameters: queryOf(rawQueryString) }),
    ...(parameters && { pathParameters: parameters }),
    requestContext: {
      accountId: 'anonymous',
      apiId: 'local',
      domainName: host,
      domainPrefix: host.split('.')[0],
      http: {
        method: request.method,
        path: rawPath,
        protocol: `HTTP/${request.httpVersion}`,
        sourceIp,
        userAgent: headers['user-agent'] ?? '',
      },
      requestId: randomUUID(),
      routeKey,
      stage: '$default',
      time: commonLogTime(now),
      timeEpoch: now.getTime(),
    },
    ...(body.length > 0 && bodyOf(body, headers)),
    ...(body.length === 0 && { isBase64Encoded: false }),
  };
}

function joined(earlier: string | undefined, value: string, separator: string): string {
  return earlier === undefined ? value : `${earlier}${separator}${value}`;
}

/**
 * Lower-case names, the values of duplicates joined by a comma: also of headers of which node keeps
 * only the first in `headers`, such as Authorization.
 */
function headersOf(raw: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = Object.create(null);
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index]?.toLowerCase() ?? '';
    if (!name.startsWith(':')) headers[name] = joined(headers[name], raw[index + 1] ?? '', ',');
  }
  return headers;
}

function queryOf(query: string): Record<string, string> {
  const parameters: Record<string, string> = Object.create(null);
  for (const [name, value] of new URLSearchParams(query)) {
    parameters[name] = joined(parameters[name], value, ',');
  }
  return parameters;
}

/**
 * Text as it is, all else as base64: compressed bodies, other types and (so that no byte is lost)
 * text that is not UTF-8.
 */
function bodyOf(body: Buffer, headers: Readonly<Record<string, string>>): object {
  const type = headers['content-type'] ?? '';
  const isText =
    /^\s*(text\/|application\/(json|javascript|xml|[^;]+\+(json|xml))\s*(;|$))/i.test(type) &&
    (headers['content-encoding'] ?? 'identity') === 'identity' &&
    isUtf8(body);
  return { body: body.toString(isText ? 'utf8' : 'base64'), isBase64Encoded: !isText };
}

/** Such as `12/Mar/2026:19:03:58 +0000`. */
function commonLogTime(date: Date): string {
  const [, day, month, year, time] = date.toUTCString().split(' ');
  return `${day}/${month}/${year}:${time} +0000`;
}
