/** What is used of `fetch`. */
export type Get = (
  url: string,
  init: {
    readonly headers: Record<string, string>;
    readonly redirect: 'error';
    readonly signal: AbortSignal;
  },
) => Promise<Response>;

/** Key sets of large providers have some 20 KB. */
const maxBytes = 128 * 1024;

/**
 * JSON from an address that a person configured. Redirects are not followed, and no more than 128 KiB is read,
 * whoever answers. Throws whatever is wrong.
 */
export async function fetchJson(url: string, get: Get, signal: AbortSignal): Promise<unknown> {
  // A container is frozen between requests, and a connection that was kept is dead when it goes on.
  const headers = { accept: 'application/json', connection: 'close' };
  const response = await get(url, { headers, redirect: 'error', signal });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`${url} answered ${response.status}`);
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop cancels the rest.
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > maxBytes) throw new Error(`${url} answered more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}
