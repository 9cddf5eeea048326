/** Why a request got no answer. `status` 0: there was no connection. */
export class ApiProblem extends Error {
  readonly status: number;
  /** Of RFC 9457, such as `cursor-expired`; '' where the answer had none. */
  readonly code: string;

  constructor(status: number, code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ApiProblem';
    this.status = status;
    this.code = code;
  }
}

interface Ask {
  readonly params?: URLSearchParams;
  readonly accept?: string;
  readonly etag?: string;
  readonly signal?: AbortSignal;
}

/** `GET` of a path of the read API. A 304 is an answer. Throws ApiProblem. */
export type Api = (path: string, ask?: Ask) => Promise<Response>;

/** Requests with this token, which goes into the header and nowhere else. */
export function createApi(token: string, send: typeof fetch): Api {
  return async (path, { params, accept = 'application/json', etag, signal } = {}) => {
    const query = params?.toString() ?? '';
    const response = await reached(
      send(query === '' ? path : `${path}?${query}`, {
        headers: {
          authorization: `Bearer ${token}`,
          accept,
          ...(etag === undefined ? {} : { 'if-none-match': etag }),
        },
        credentials: 'omit',
        redirect: 'error',
        referrerPolicy: 'no-referrer',
        cache: 'no-store',
        ...(signal === undefined ? {} : { signal }),
      }),
    );
    if (response.ok || response.status === 304) return response;
    throw problemOf(response.status, await response.text().catch(() => ''));
  };
}

async function reached(answer: Promise<Response>): Promise<Response> {
  try {
    return await answer;
  } catch (cause) {
    if (cause instanceof Error && cause.name === 'AbortError') throw cause;
    throw new ApiProblem(0, '', 'The service cannot be reached.', { cause });
  }
}

function problemOf(status: number, text: string): ApiProblem {
  let said: { code?: unknown; detail?: unknown; message?: unknown } = {};
  try {
    said = Object(JSON.parse(text));
  } catch {
    // A gateway's own page: the status says it all.
  }
  const code = typeof said.code === 'string' ? said.code : '';
  const detail = [said.detail, said.message].find(
    (each) => typeof each === 'string' && each !== '',
  );
  return new ApiProblem(
    status,
    code,
    detail === undefined ? `The service answered ${status}.` : String(detail),
  );
}

/** Whether the deployment has no such route: its gateway answers before any function of ours is asked. */
export function isMissing(error: unknown): boolean {
  return error instanceof ApiProblem && error.status === 404 && error.code === '';
}
