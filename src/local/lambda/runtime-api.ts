import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type InvokeResult, responseLimit } from './invoke-result.ts';

interface Invocation {
  readonly requestId: string;
  readonly functionArn: string;
  /** Epoch milliseconds. */
  readonly deadline: number;
  readonly payload: Buffer;
}

/** What the runtime inside the instance has told. */
export interface RuntimeEvents {
  /** It asks for an invocation, so it has none in hand. */
  ready(): void;
  answered(requestId: string, result: InvokeResult): void;
  /** The function's code could not be loaded. */
  failedToStart(result: InvokeResult): void;
}

export interface RuntimeApi {
  /** `host:port`, for `AWS_LAMBDA_RUNTIME_API`. */
  readonly address: string;
  /** Only after `ready`, and once for each. */
  give(invocation: Invocation): void;
  close(): void;
}

const route =
  /^\/2018-06-01\/runtime\/(?:(init\/error|invocation\/next)|invocation\/([^/]+)\/(response|error))$/;

/**
 * The Lambda Runtime API for one instance, on loopback.
 * https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */
export async function openRuntimeApi(events: RuntimeEvents): Promise<RuntimeApi> {
  let poll: ServerResponse | undefined;

  const server = createServer((request, response) => {
    const [, fixed, requestId = '', outcome] = route.exec(request.url ?? '') ?? [];
    if (fixed === 'invocation/next') {
      poll = response;
      events.ready();
      return;
    }
    read(request)
      .then(({ text, size }) => {
        const tooLarge = size > responseLimit;
        const known = fixed !== undefined || outcome !== undefined;
        const result = tooLarge
          ? oversized(size)
          : outcome === 'response'
            ? success(text)
            : failure(text);
        response.writeHead(known ? (tooLarge ? 413 : 202) : 404).end('{}');
        if (fixed !== undefined) events.failedToStart(result);
        else if (outcome !== undefined) events.answered(requestId, result);
      })
      // Cut off in the middle, or not JSON: the process is dead or broken, and its exit will tell.
      .catch(() => response.destroy());
  });
  // An invocation may last longer than a kept-alive connection would by default.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });

  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    give({ requestId, functionArn, deadline, payload }) {
      poll?.writeHead(200, {
        'content-type': 'application/json',
        'content-length': payload.length,
        'lambda-runtime-aws-request-id': requestId,
        'lambda-runtime-deadline-ms': deadline,
        'lambda-runtime-invoked-function-arn': functionArn,
      });
      poll?.end(payload);
      poll = undefined;
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Counts all of a body, and keeps what the limit allows of it. */
async function read(request: IncomingMessage): Promise<{ text: string; size: number }> {
  const kept: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= responseLimit) kept.push(chunk);
  }
  return { text: Buffer.concat(kept).toString(), size };
}

function success(body: string): InvokeResult {
  return { kind: 'ok', payload: JSON.parse(body) };
}

function failure(body: string): InvokeResult {
  const { errorType, errorMessage } = JSON.parse(body);
  return { kind: 'error', type: String(errorType), message: String(errorMessage) };
}

function oversized(size: number): InvokeResult {
  return {
    kind: 'error',
    type: 'Function.ResponseSizeTooLarge',
    message: `Response payload size (${size} bytes) exceeded maximum allowed payload size (${responseLimit} bytes).`,
  };
}
