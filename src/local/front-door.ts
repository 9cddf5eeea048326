import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import type { Fault, Faults } from './faults.ts';
import type { Iam } from './iam.ts';
import { createBothServer } from './listen-both.ts';
import { bodyLimit, readRequest } from './read-request.ts';
import { deny, refuse } from './refusals.ts';
import type { AwsRequest, AwsResponse, AwsService, Place } from './service.ts';
import { authenticate, claimedService } from './sigv4.ts';

interface FrontDoorOptions {
  readonly place: Place;
  /** @default a free one */
  readonly port?: number;
  readonly iam: Iam;
  /** They stay the caller's: the front door does not close them. */
  readonly services: readonly AwsService[];
  /** Takes every request that bears no AWS signature. */
  readonly site: (request: IncomingMessage, response: ServerResponse) => void;
  readonly faults?: Faults;
  /** Epoch milliseconds. @default the machine's clock */
  readonly now?: () => number;
}

interface FrontDoor {
  /** `http://127.0.0.1:<port>`; only known after `listen`. */
  readonly url: string;
  readonly port: number;
  listen(): Promise<void>;
  /** Ends at once, cutting what is open. */
  close(): Promise<void>;
}

/** An answer, or that there shall be none. */
type Outcome = { readonly kind: 'answer'; readonly answer: AwsResponse } | { readonly kind: 'cut' };

/**
 * The one address of the local AWS, on loopback, for HTTP/1.1 and HTTP/2 without TLS.
 * A signed request goes to the service of its credential scope; any other goes to the site.
 */
export function createFrontDoor(options: FrontDoorOptions): FrontDoor {
  const { place, iam, faults, site, now = Date.now } = options;
  const services = new Map(options.services.map((service) => [service.name, service]));
  let port = 0;

  const server = createBothServer((request, response) => {
    const authorization = request.headers.authorization ?? '';
    if (!authorization.startsWith('AWS4-HMAC-SHA256')) {
      site(request, response);
      return;
    }
    const name = claimedService(authorization);
    const service = services.get(name ?? '') ?? unknownService(name);
    serve(service, request, response).catch((error: unknown) => {
      console.error(`local ${service.name}:`, error);
      send(request, response, service.failure('InternalFailure', String(error), 500));
    });
  });

  async function serve(service: AwsService, request: IncomingMessage, response: ServerResponse) {
    const read = await readRequest(request);
    if (read.kind === 'gone') return;
    if (read.kind === 'too-large') {
      const message = `Request size exceeded the maximum of ${bodyLimit} bytes.`;
      send(request, response, service.failure('RequestEntityTooLarge', message, 413));
      return;
    }
    const outcome = await answer(service, read.request);
    if (outcome.kind === 'cut') cut(request);
    else send(request, response, outcome.answer);
  }

  async function answer(
    service: AwsService,
    request: Omit<AwsRequest, 'operation' | 'principal'>,
  ): Promise<Outcome> {
    const verdict = await authenticate(request, { iam, place, now: now() });
    if (verdict.kind === 'refused')
      return { kind: 'answer', answer: refuse(service, verdict.refusal) };
    const { principal } = verdict;
    const operation = service.operation(request);
    const call = { ...request, operation, principal };
    const fault = faults?.strike({ service: service.name, operation, principal: principal.arn });
    return withFault(fault, service, call, (passed) => permitted(service, passed));
  }

  async function permitted(service: AwsService, request: AwsRequest): Promise<AwsResponse> {
    for (const access of service.access(request)) {
      const decision = await iam.allowed(request.principal, access);
      if (decision !== 'Allowed') return deny(service, request.principal, access, decision);
    }
    return service.handle(request);
  }

  return {
    get url() {
      return `http://127.0.0.1:${port}`;
    },
    get port() {
      return port;
    },
    async listen() {
      port = await server.listen(options.port ?? 0);
    },
    close: () => server.close(),
  };
}

async function withFault(
  fault: Fault | undefined,
  service: AwsService,
  request: AwsRequest,
  handle: (request: AwsRequest) => Promise<AwsResponse>,
): Promise<Outcome> {
  switch (fault?.kind) {
    case 'error': {
      const { code, status, message = 'An injected fault.' } = fault;
      return { kind: 'answer', answer: service.failure(code, message, status) };
    }
    case 'cut':
      return { kind: 'cut' };
    case 'cut-after':
      await handle(request);
      return { kind: 'cut' };
    case 'stand-in':
      return { kind: 'answer', answer: await fault.answer(request, handle) };
    case 'rewrite':
      return { kind: 'answer', answer: fault.response(await handle(request), request) };
    case 'delay':
      await fault.until;
      return { kind: 'answer', answer: await handle(request) };
    case undefined:
      return { kind: 'answer', answer: await handle(request) };
  }
}

/** As a broken network does it: the whole connection, with all that HTTP/2 has under way on it. */
function cut(request: IncomingMessage): void {
  const { stream } = request as unknown as Partial<Http2ServerRequest>;
  if (stream?.session) stream.session.destroy();
  else request.socket.destroy();
}

/** Headers that belong to one connection, or that are set here. */
const connectionHeaders = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'date',
  'content-length',
]);

function send(request: IncomingMessage, response: ServerResponse, answer: AwsResponse): void {
  if (response.headersSent || response.destroyed) return;
  const head = request.method === 'HEAD';
  response.statusCode = answer.status;
  response.setHeader('x-amzn-requestid', randomUUID());
  for (const [name, value] of Object.entries(answer.headers ?? {})) {
    // The length of an object is what HEAD asks for.
    const measured = head && name.toLowerCase() === 'content-length';
    if (measured || !connectionHeaders.has(name.toLowerCase())) response.setHeader(name, value);
  }
  if (!head) response.setHeader('content-length', Buffer.byteLength(answer.body));
  response.end(head ? undefined : answer.body);
}

/** Says so in JSON, the wire format of most. */
function unknownService(name = 'that the request names'): AwsService {
  const failure = (code: string, message: string, status: number): AwsResponse => ({
    status,
    headers: { 'content-type': 'application/x-amz-json-1.1' },
    body: JSON.stringify({ __type: code, message }),
  });
  return {
    name,
    operation: () => 'Unknown',
    access: () => [],
    handle: async () => failure('UnknownService', `There is no local service ${name}.`, 501),
    failure,
    close: async () => {},
  };
}
