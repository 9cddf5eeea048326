import { createServer as createHttp1, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttp2 } from 'node:http2';
import { type AddressInfo, createServer, type Socket } from 'node:net';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** Every HTTP/2 connection begins with `PRI * HTTP/2.0` (RFC 9113, section 3.4); no HTTP/1.1 method does. */
const preface = Buffer.from('PRI');

/**
 * One loopback port for HTTP/1.1 and HTTP/2 without TLS: the first three bytes tell which.
 * `close` ends at once: it destroys open connections, whatever they are doing.
 */
export function createBothServer(handler: Handler): {
  /** Port 0 takes a free one; the answer is the port taken. */
  listen(port: number): Promise<number>;
  close(): Promise<void>;
} {
  const sockets = new Set<Socket>();
  // Idle connections are kept: a client that reuses one just as it is closed would see a fault nobody injected.
  const http1 = createHttp1({ keepAliveTimeout: 0, requestTimeout: 0 }, handler);
  const http2 = createHttp2(
    // A PutRecords is up to 10 MiB, and several share a session: the windows of 64 KiB and the limit of
    // 10 MB memory that are Node's defaults would stall or reset them.
    {
      maxSessionMemory: 512,
      settings: { initialWindowSize: 16 * 1024 * 1024, maxConcurrentStreams: 1000 },
    },
    // Node's compatibility API: the same methods, in another class.
    (request, response) =>
      handler(request as unknown as IncomingMessage, response as unknown as ServerResponse),
  );
  http2.on('session', (session) => session.setLocalWindowSize(64 * 1024 * 1024));

  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    route(
      socket,
      () => http1.emit('connection', socket),
      () => http2.emit('connection', socket),
    );
  });

  return {
    listen(port) {
      return new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, '127.0.0.1', () => {
          server.off('error', reject);
          resolve((server.address() as AddressInfo).port);
        });
      });
    },
    close() {
      return new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      });
    },
  };
}

/** Reads until it is clear which protocol this is, and puts the bytes back before handing over. */
function route(socket: Socket, http1: () => void, http2: () => void): void {
  let head = Buffer.alloc(0);
  const onReadable = () => {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) return;
    head = Buffer.concat([head, chunk]);
    const length = Math.min(head.length, preface.length);
    const same = head.subarray(0, length).equals(preface.subarray(0, length));
    if (same && length < preface.length) return;
    socket.off('readable', onReadable);
    socket.unshift(head);
    (same ? http2 : http1)();
  };
  socket.on('readable', onReadable);
}
