import { SealtrailError } from '../domain/error.ts';
import type { Clock } from './clock.ts';
import type { Answer } from './post-json.ts';

/** 8 KiB is the longest that the service reads. */
export const bearerPattern = /^[\x21-\x7e]{1,8192}$/;

type Failed = Extract<Answer, { kind: 'failed' }>;

/** How long a function may take to give a token, ms. */
const timeoutMs = 10_000;

/**
 * The key or token to ask with now. A function is called for each request, so that it may give a new token when the
 * old one ends. Never rejects: a function that fails, or takes too long, is tried again like a service that is down.
 */
export async function bearerOf(
  apiKey: string | (() => string | Promise<string>),
  clock: Clock,
): Promise<{ readonly kind: 'bearer'; readonly text: string } | Failed> {
  if (typeof apiKey === 'string') return { kind: 'bearer', text: apiKey };
  let cancel = () => {};
  try {
    const late = new Promise<never>((_, reject) => {
      cancel = clock.after(timeoutMs, () => reject(new Error(`no token within ${timeoutMs} ms`)));
    });
    const text: unknown = await Promise.race([apiKey(), late]);
    if (typeof text === 'string' && bearerPattern.test(text)) return { kind: 'bearer', text };
    const what = 'apiKey: the function gave no key or token, or one with blanks or line ends';
    return failed(new SealtrailError('request-invalid', what), true);
  } catch (cause) {
    const what = 'apiKey: the function gave no key or token';
    return failed(new SealtrailError('unavailable', what, { cause }), false);
  } finally {
    cancel();
  }
}

function failed(error: SealtrailError, refused: boolean): Failed {
  return { kind: 'failed', error, refused, retryAfterMs: 0 };
}
