import type { Operation } from '../lambda/http.ts';
import { withEtag } from './etag.ts';

/** The console as it is built: one page, with the hashes of its inline script and style as CSP takes them. */
export interface ConsolePage {
  readonly html: string;
  readonly scriptHash: string;
  readonly styleHash: string;
}

/** Set in the bundle, by src/local/build-functions.ts. */
declare const SEALTRAIL_CONSOLE: ConsolePage;

/** The page that was built into this bundle. Throws in code that is not bundled. */
export const bundledConsole = (): ConsolePage => SEALTRAIL_CONSOLE;

/**
 * `GET /`: the console. It needs no key: it holds nothing but itself, and asks for one.
 *
 * @param framers origins whose pages may show it in a frame; none: nobody may
 */
export function showConsole(page: ConsolePage, framers: readonly string[]): Operation {
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    // Always asked for again, and mostly answered 304: a page and the API that it talks to are of one deployment.
    'cache-control': 'no-cache',
    'content-security-policy': policy(page, framers),
    'referrer-policy': 'no-referrer',
    'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
    'cross-origin-opener-policy': 'same-origin',
  };
  return async (request) => withEtag(request, { status: 200, headers, body: page.html });
}

function policy({ scriptHash, styleHash }: ConsolePage, framers: readonly string[]): string {
  return [
    `default-src 'none'`,
    `script-src ${scriptHash}`,
    `style-src ${styleHash}`,
    `connect-src 'self'`,
    // The page's own icon.
    'img-src data:',
    `frame-ancestors ${framers.length === 0 ? `'none'` : framers.join(' ')}`,
    `base-uri 'none'`,
    `form-action 'none'`,
    `require-trusted-types-for 'script'`,
    `trusted-types 'none'`,
  ].join('; ');
}
