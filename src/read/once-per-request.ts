import type { HttpRequest } from '../lambda/http.ts';
import type { Authenticate, Reader } from './access.ts';

/** Authenticates each request once, however often it is asked for. */
export function oncePerRequest(authenticate: Authenticate): Authenticate {
  const known = new WeakMap<HttpRequest, Promise<Reader>>();
  return (request) => {
    const reader = known.get(request) ?? authenticate(request);
    known.set(request, reader);
    return reader;
  };
}
