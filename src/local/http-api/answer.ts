import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { InvokeResult } from '../lambda/invoke-result.ts';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: [name: string, value: string][];
  readonly body: Buffer | string;
}

/** An answer of the gateway's own. */
export function plain(status: number, message: string): HttpAnswer {
  return {
    status,
    headers: [['content-type', 'application/json']],
    body: JSON.stringify({ message }),
  };
}

/** The gateway's to set. */
const notForFunctions = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'transfer-encoding',
]);

/**
 * What the caller gets for a function's answer in payload format 2.0; whatever cannot be an HTTP
 * response is an internal error.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
export function answerOf(result: InvokeResult): HttpAnswer {
  if (result.kind === 'error' && result.refused === 'throttled') {
    return plain(503, 'Service Unavailable');
  }
  if (result.kind === 'error' && result.refused === 'too-large') {
    return plain(413, 'Request Entity Too Large');
  }
  if (result.kind !== 'ok') return plain(500, 'Internal Server Error');
  return shaped(result.payload) ?? plain(500, 'Internal Server Error');
}

function shaped(payload: unknown): HttpAnswer | undefined {
  if (!isRecord(payload) || payload['statusCode'] === undefined) {
    const body = typeof payload === 'string' ? payload : JSON.stringify(payload);
    return { status: 200, headers: [['content-type', 'application/json']], body };
  }
  const { statusCode, headers = {}, cookies = [], body = '', isBase64Encoded } = payload;
  const status = Number(statusCode);
  if (!Number.isInteger(status) || status < 200 || status > 599) return undefined;
  if (!isRecord(headers) || !Array.isArray(cookies)) return undefined;
  if (typeof body !== 'string' && body !== null) return undefined;

  const pairs = Object.entries(headers)
    .map(([name, value]): [string, string] => [name.toLowerCase(), String(value)])
    .filter(([name]) => !notForFunctions.has(name));
  if (!pairs.some(([name]) => name === 'content-type')) {
    pairs.push(['content-type', 'text/plain;charset=UTF-8']);
  }
  for (const cookie of cookies) pairs.push(['set-cookie', String(cookie)]);
  if (!pairs.every(isHeader)) return undefined;
  return {
    status,
    headers: pairs,
    body: isBase64Encoded === true ? Buffer.from(body ?? '', 'base64') : (body ?? ''),
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isHeader([name, value]: [string, string]): boolean {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    return true;
  } catch {
    return false;
  }
}
