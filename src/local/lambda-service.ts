import { randomUUID } from 'node:crypto';
import type { LambdaFunction } from './lambda/function.ts';
import type { InvokeResult } from './lambda/invoke-result.ts';
import type { AwsResponse, AwsService, Place } from './service.ts';

interface LambdaServiceOptions {
  readonly place: Place;
  /** A function by its physical name. */
  readonly find: (name: string) => LambdaFunction | undefined;
}

const invocations = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/;

/**
 * Lambda's Invoke, waiting for the answer, and nothing else of it.
 * https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
 */
export function createLambdaService({ place, find }: LambdaServiceOptions): AwsService {
  const prefix = `arn:aws:lambda:${place.region}:${place.account}:function:`;

  async function invoke(name: string, body: Buffer): Promise<AwsResponse> {
    const target = find(name);
    if (target === undefined)
      return failure('ResourceNotFoundException', `Function not found: ${prefix}${name}`, 404);
    const payload = parse(body);
    if (payload.kind === 'malformed')
      return failure('InvalidRequestContentException', 'Could not parse request body as JSON', 400);
    return answer(await target.invoke(payload.value));
  }

  return {
    name: 'lambda',
    operation: ({ method, path }) =>
      method === 'POST' && invocations.test(path) ? 'Invoke' : `${method} ${path}`,
    access({ operation, path }) {
      if (operation !== 'Invoke') return [];
      return [{ action: 'lambda:InvokeFunction', resource: `${prefix}${functionOf(path)}` }];
    },
    async handle({ operation, path, headers, body }) {
      if (operation !== 'Invoke')
        return failure('UnknownOperationException', `${operation} is not supported locally`, 404);
      const type = headers['x-amz-invocation-type'] ?? 'RequestResponse';
      if (type !== 'RequestResponse')
        return failure(
          'InvalidParameterValueException',
          `Invocation type ${type} is not supported locally`,
          400,
        );
      return invoke(functionOf(path), body);
    },
    failure,
    close: async () => {},
  };
}

/** A function may be named by its name, its ARN, or the end of that. */
function functionOf(path: string): string {
  const named = decodeURIComponent(invocations.exec(path)?.[1] ?? '');
  return named.slice(named.lastIndexOf(':') + 1);
}

function parse(
  body: Buffer,
): { readonly kind: 'parsed'; readonly value: unknown } | { readonly kind: 'malformed' } {
  if (body.length === 0) return { kind: 'parsed', value: null };
  try {
    return { kind: 'parsed', value: JSON.parse(body.toString()) };
  } catch {
    return { kind: 'malformed' };
  }
}

/** A function that fails is a call that succeeds: status 200, and a header that says so. */
function answer(result: InvokeResult): AwsResponse {
  switch (result.kind) {
    case 'ok':
      return { status: 200, headers: json, body: JSON.stringify(result.payload ?? null) };
    case 'error':
      if (result.refused === 'throttled')
        return failure('TooManyRequestsException', result.message, 429);
      if (result.refused === 'too-large')
        return failure('RequestTooLargeException', result.message, 413);
      return failed(result.type, result.message);
    case 'timeout':
      return failed('Sandbox.Timedout', 'Task timed out');
    case 'crash':
      return failed('Runtime.ExitError', result.reason);
  }
}

const json = { 'content-type': 'application/json' };

function failed(errorType: string, errorMessage: string): AwsResponse {
  return {
    status: 200,
    headers: { ...json, 'x-amz-function-error': 'Unhandled' },
    body: JSON.stringify({ errorType, errorMessage }),
  };
}

/** REST-JSON names its error in a header (https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html). */
function failure(code: string, message: string, status: number): AwsResponse {
  return {
    status,
    headers: { ...json, 'x-amzn-errortype': code, 'x-amzn-requestid': randomUUID() },
    body: JSON.stringify({ Type: status < 500 ? 'User' : 'Service', Message: message }),
  };
}
