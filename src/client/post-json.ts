import { fromTime } from '../domain/encoding.ts';
import { type ErrorCode, SealtrailError } from '../domain/error.ts';
import type { Internals } from './internals.ts';

/** What came of a request to the token service. */
export type Answer =
  | { readonly kind: 'ok'; readonly body: unknown }
  | {
      readonly kind: 'failed';
      readonly error: SealtrailError;
      /** Does not pass by itself: a person must act. */
      readonly refused: boolean;
      /** The service asks for at least this much patience, ms. */
      readonly retryAfterMs: number;
    };

export interface Reply {
  readonly answer: Answer;
  /** The server's time if the answer had it, epoch ms; the other two by the monotonic clock. */
  readonly serverTime: number | undefined;
  readonly askedAt: number;
  readonly answeredAt: number;
}

const timeoutMs = 10_000;

/** Posts JSON. Never rejects. Redirects are not followed: the key is for this host only. */
export async function postJson(
  { fetch, clock }: Pick<Internals, 'fetch' | 'clock'>,
  url: string,
  headers: Record<string, string>,
  body: unknown,
): Promise<Reply> {
  const abort = new AbortController();
  const cancel = clock.after(timeoutMs, () =>
    abort.abort(new Error(`no answer within ${timeoutMs} ms`)),
  );
  const askedAt = clock.monotonic();
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
      signal: abort.signal,
      redirect: 'error',
    });
    const answeredAt = clock.monotonic();
    const value: unknown = await response.json().catch(() => undefined);
    const serverTime = fromTime(text(value, 'serverTime') ?? '');
    return { answer: answerOf(response, value, url), serverTime, askedAt, answeredAt };
  } catch (cause) {
    const error = new SealtrailError('unavailable', `${url} cannot be reached`, { cause });
    const answer = { kind: 'failed', error, refused: false, retryAfterMs: 0 } as const;
    return { answer, serverTime: undefined, askedAt, answeredAt: clock.monotonic() };
  } finally {
    cancel();
  }
}

function answerOf(response: Response, body: unknown, url: string): Answer {
  if (response.ok && body !== undefined) return { kind: 'ok', body };
  const { status } = response;
  const said = [text(body, 'code'), text(body, 'detail') ?? text(body, 'title')];
  const message = `${url} answered ${status} ${said.filter((part) => part !== undefined).join(': ')}`;
  const code = codeOfStatus(status, said[0]);
  const seconds = Number(response.headers.get('retry-after') ?? 0);
  return {
    kind: 'failed',
    error: new SealtrailError(code, message.trimEnd()),
    refused: status >= 400 && status < 500 && status !== 429 && status !== 408,
    retryAfterMs: Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, 300) * 1000 : 0,
  };
}

function codeOfStatus(status: number, code: string | undefined): ErrorCode {
  if (status === 401) return code === 'proof-invalid' ? 'proof-invalid' : 'unauthenticated';
  if (status === 403) return 'forbidden';
  if (status === 429) return 'quota-exceeded';
  return status >= 400 && status < 500 ? 'request-invalid' : 'unavailable';
}

function text(body: unknown, key: string): string | undefined {
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, key)) return undefined;
  const value = (body as Record<string, unknown>)[key];
  return typeof value === 'string' ? value : undefined;
}
