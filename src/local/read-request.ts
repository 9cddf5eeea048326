import type { IncomingMessage } from 'node:http';
import type { AwsRequest } from './service.ts';

/** Largest body taken, bytes: above PutRecords' 10 MiB and BatchExecuteStatement's 16 MB. */
export const bodyLimit = 16 * 1024 * 1024;

type Read =
  | { readonly kind: 'read'; readonly request: Omit<AwsRequest, 'operation' | 'principal'> }
  | { readonly kind: 'too-large' }
  /** The client went away while it was sending. */
  | { readonly kind: 'gone' };

/** Reads a whole request of either protocol into the one shape that services take. */
export async function readRequest(incoming: IncomingMessage): Promise<Read> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of incoming as AsyncIterable<Buffer>) {
      size += chunk.length;
      // What is too much is read all the same and thrown away: a client that is still sending hears no answer.
      if (size <= bodyLimit) chunks.push(chunk);
      else chunks.length = 0;
    }
  } catch {
    return { kind: 'gone' };
  }
  if (size > bodyLimit) return { kind: 'too-large' };

  const target = incoming.url ?? '/';
  const mark = target.indexOf('?');
  return {
    kind: 'read',
    request: {
      method: incoming.method ?? 'GET',
      path: mark < 0 ? target : target.slice(0, mark),
      query: new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1)),
      headers: headersOf(incoming),
      body: Buffer.concat(chunks, size),
    },
  };
}

function headersOf({ headers }: IncomingMessage): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || (name.startsWith(':') && name !== ':authority')) continue;
    flat[name] = typeof value === 'string' ? value : value.join(',');
  }
  // HTTP/2 names the host in a pseudo-header; it stays too, since the SDK signs it under that name.
  const authority = flat[':authority'];
  if (flat['host'] === undefined && authority !== undefined) flat['host'] = authority;
  return flat;
}
