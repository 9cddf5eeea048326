import { resolve } from 'node:path';
import { z } from 'zod';
import { SealtrailError } from '../domain/error.ts';
import { limits } from '../domain/limits.ts';
import { bearerPattern } from './bearer.ts';

const count = (fallback: number, max: number) => z.number().int().min(1).max(max).default(fallback);

/** A key must not travel in the clear, so plain http is for this machine only. */
function isSafeUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  const loopback = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  const bare = `${url.username}${url.password}${url.search}${url.hash}` === '';
  return bare && (url.protocol === 'https:' || (url.protocol === 'http:' && loopback));
}

const keyForm = 'give the key as it was issued, without blanks or line ends, or a function';

const optionsSchema = z.strictObject({
  /** The token service: `https://…`, with no query (plain http only on this machine). */
  url: z
    .string()
    .refine(
      isSafeUrl,
      'give an https URL (http only for localhost) without user, query or fragment',
    )
    .transform((url) => url.replace(/\/+$/, '')),
  /**
   * An API key with the scope `write`; or a function that gives one, or a token of your OpenID issuer, for each request
   * to the token service (twice an hour, and while somebody waits for `committed`): let it keep the token while it is
   * good.
   */
  apiKey: z.union(
    [
      z.string().regex(bearerPattern, keyForm),
      z.custom<() => string | Promise<string>>((given) => typeof given === 'function'),
    ],
    { error: keyForm },
  ),
  /** How long an event waits for others to share its batch, ms. */
  lingerMs: z.number().int().min(0).max(60_000).default(200),
  maxBatchEvents: count(500, limits.events),
  /** Uncompressed bytes of a batch. */
  maxBatchBytes: z
    .number()
    .int()
    .min(limits.line + 1)
    .max(limits.size)
    .default(512 * 1024),
  /** Events recorded and not yet accepted, and the bytes of their lines. */
  maxBufferEvents: count(100_000, 100_000_000),
  maxBufferBytes: z
    .number()
    .int()
    .min(limits.line + 1)
    .default(64 * 1024 * 1024),
  /**
   * What `record` does when the buffer is full: it waits for room, or rejects with `buffer-full`. As many as
   * the buffer holds may wait; what comes then is rejected in either case.
   */
  onFull: z.enum(['wait', 'reject']).default('wait'),
  /** PutRecords requests at the same time. */
  inFlight: count(4, 64),
  /** How long a grant should last, s; the token service has the last word. */
  sessionSeconds: z.number().int().min(900).max(3600).optional(),
  /** Keeps what is recorded on disk until it is delivered: SPOOL.md. Without it, it is kept in memory. */
  spool: z
    .strictObject({
      /** A folder for this client alone: another process or worker thread needs another. Made if missing. */
      dir: z
        .string()
        .min(1)
        .transform((dir) => resolve(dir)),
      /** What events may take of the disk. Boundaries of batches come on top, some 0.5 KB each. */
      maxBytes: z
        .number()
        .int()
        .min(1024 * 1024)
        .max(1024 ** 4)
        .default(1024 ** 3),
      /** When the spool lets go of a batch: once the stream has it, or once it is seen to be stored. */
      keepUntil: z.enum(['accepted', 'committed']).default('accepted'),
    })
    .optional(),
  /** How long an accepted event may take to be seen in the store before `committed` rejects, ms. */
  committedTimeoutMs: z.number().int().min(1).max(86_400_000).default(300_000),
  /** How long `close` tries before it gives up, ms. */
  closeTimeoutMs: z.number().int().min(1).max(86_400_000).default(30_000),
});

export type AuditClientOptions = z.input<typeof optionsSchema>;
export type Settings = z.output<typeof optionsSchema>;

/** Throws `request-invalid`, naming each option and what it must be. The key is never in the message. */
export function parseOptions(options: AuditClientOptions): Settings {
  const result = optionsSchema.safeParse(options);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) =>
    issue.code === 'unrecognized_keys'
      ? `there is no option ${issue.keys.join(', ')}; there are ${Object.keys(optionsSchema.shape).join(', ')}`
      : `${issue.path.join('.') || 'options'}: ${issue.message}`,
  );
  throw new SealtrailError(
    'request-invalid',
    `options of the audit client: ${problems.join('; ')}`,
  );
}
