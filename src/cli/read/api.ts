import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { parseJson } from '../../domain/json.ts';
import type { Desk } from '../command.ts';
import { Failure, UsageError } from '../failure.ts';
import type { Args } from '../read-args.ts';
import { readProfile } from './profile.ts';

/** The read API of one deployment, with a key. */
export interface Api {
  readonly url: string;
  readonly apiKey: string;
  /** The tenant that was named, by option or profile. */
  readonly tenant: string | undefined;
  /**
   * An answer of 2xx. Throws a Failure with the problem's own words; and, before anything is sent, for a path that
   * leads to another address, for which the key is not.
   */
  get(path: string, accept?: string): Promise<Page>;
}

interface Page {
  readonly bytes: Buffer;
  /** Where `Link: …; rel="next"` leads to: a path of the same API. */
  readonly next: string | undefined;
  /** Names of batches that a bundle leaves out, since they are not what was sealed. */
  readonly holes: readonly string[];
  /** Whether lines that are no valid event may lie there, which a filter leaves out. */
  readonly isFaultyLeftOut: boolean;
}

const maxTries = 6;
/** A page takes 8 s at most, and a cold start some more. */
const timeoutMs = 60_000;
const problemSchema = z.object({ code: z.string(), detail: z.string().optional() });

/** Throws a UsageError that says how to name a deployment. */
export async function openApi(args: Args, desk: Desk): Promise<Api> {
  const { url, apiKey, ...profile } = await readProfile(args, desk);
  if (url === undefined || apiKey === undefined)
    throw new UsageError(
      'which deployment? Set SEALTRAIL_URL and SEALTRAIL_API_KEY, or name a --profile',
    );
  const base = url.replace(/\/+$/, '');
  return {
    url: base,
    apiKey,
    tenant: args.id('tenant') ?? profile.tenant,
    async get(path, accept = 'application/json') {
      if (!path.startsWith('/') || pathBelow(base, `${base}${path}`) === undefined)
        throw new Failure(
          `${path} does not lead to ${base}: nothing was asked, and no key was sent`,
        );
      for (let tried = 1; ; tried++) {
        const answer = await ask(`${base}${path}`, apiKey, accept, desk.signal);
        if (answer?.status === 200)
          return {
            bytes: answer.bytes,
            next: nextPath(answer.link, base, path),
            holes: answer.holes.split(',').filter(Boolean).map(decoded),
            isFaultyLeftOut: answer.leftOut === 'faulty',
          };
        desk.signal.throwIfAborted();
        if (!isWorthAnother(answer) || tried === maxTries) throw failure(path, answer);
        await sleep(pause(answer, tried), undefined, { signal: desk.signal });
      }
    },
  };
}

interface Answer {
  readonly status: number;
  readonly bytes: Buffer;
  readonly link: string;
  readonly holes: string;
  readonly leftOut: string;
  readonly retryAfter: number;
}

/** Undefined: no answer, or half of one. A redirect is refused: the key is for this address. */
async function ask(
  url: string,
  apiKey: string,
  accept: string,
  signal: AbortSignal,
): Promise<Answer | undefined> {
  try {
    const response = await fetch(url, {
      headers: { authorization: `Bearer ${apiKey}`, accept },
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    return {
      status: response.status,
      bytes: Buffer.from(await response.arrayBuffer()),
      link: response.headers.get('link') ?? '',
      holes: response.headers.get('sealtrail-holes') ?? '',
      leftOut: response.headers.get('sealtrail-left-out') ?? '',
      retryAfter: Number(response.headers.get('retry-after') ?? Number.NaN),
    };
  } catch {
    return undefined;
  }
}

/** A name that was cut short may end within an escape. */
function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** A link is relative to what was asked (RFC 3986, section 5.2). One that leads elsewhere is refused, as a redirect is. */
function nextPath(link: string, base: string, path: string): string | undefined {
  const reference = /<([^>]*)>; rel="next"/.exec(link)?.[1];
  if (reference === undefined) return undefined;
  const { href } = new URL(reference, `${base}${path}`);
  const next = pathBelow(base, href);
  if (next === undefined)
    throw new Failure(`${path.split('?')[0]}: the next page is said to be elsewhere, at ${href}`);
  return next;
}

/** The path of a URL of the same API, with its query; undefined for one that leads elsewhere. */
function pathBelow(base: string, url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { href } = new URL(url);
  const root = new URL(`${base}/`).href;
  return href.startsWith(root) ? href.slice(root.length - 1) : undefined;
}

function isWorthAnother(answer: Answer | undefined): boolean {
  return answer === undefined || [429, 502, 503, 504].includes(answer.status);
}

/** Full jitter up to 8 s, or what the service says, up to a minute. */
function pause(answer: Answer | undefined, tried: number): number {
  const said = answer?.retryAfter ?? Number.NaN;
  return said > 0 ? Math.min(said, 60) * 1000 : Math.random() * Math.min(250 * 2 ** tried, 8_000);
}

function failure(path: string, answer: Answer | undefined): Failure {
  const what = path.split('?')[0];
  if (answer === undefined) return new Failure(`${what}: the API does not answer`);
  const problem = problemSchema.safeParse(parseJson(answer.bytes.toString()).value);
  const said = problem.success
    ? [problem.data.code, problem.data.detail].filter(Boolean).join(': ')
    : 'the answer is not one of this API';
  return new Failure(`${what}: ${answer.status} ${said}`);
}
