import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { SealtrailError } from '../domain/error.ts';
import { parseJson } from '../domain/json.ts';

/** What a viewer token says. Nothing of it is kept by the service: the MAC is all that makes it good. */
const contentSchema = z.strictObject({
  v: z.literal(1),
  /** The token's own id, by which its reads are recorded. */
  id: z.string(),
  tenant: z.string(),
  /** The key that made it, with which it ends. */
  keyId: z.string(),
  client: z.string(),
  filter: z.array(z.array(z.string())),
  /** Epoch ms. */
  from: z.number(),
  to: z.number(),
  exp: z.number(),
  /** Whether it may have proofs; absent: it may not. */
  proof: z.literal(true).optional(),
});
export type ViewerContent = z.infer<typeof contentSchema>;

const prefix = 'stv_';

export function isViewerToken(text: string): boolean {
  return text.startsWith(prefix);
}

/** `stv_<content>.<mac>`, both base64url. */
export function mintViewerToken(content: ViewerContent, secret: Buffer): string {
  const body = Buffer.from(JSON.stringify(content)).toString('base64url');
  return `${prefix}${body}.${mac(body, secret).toString('base64url')}`;
}

/** Throws the same `unauthenticated` whatever is wrong. The MAC is compared in constant time, before all else. */
export function readViewerToken(text: string, secret: Buffer, now: number): ViewerContent {
  const [body = '', tag = '', more] = text.slice(prefix.length).split('.');
  const given = Buffer.from(tag, 'base64url');
  const expected = mac(body, secret);
  // Node's decoder is lax: only what encodes to itself is taken.
  const isOurs =
    more === undefined &&
    given.toString('base64url') === tag &&
    given.length === expected.length &&
    timingSafeEqual(given, expected);
  const json = isOurs ? parseJson(Buffer.from(body, 'base64url').toString('utf8')) : undefined;
  const content = contentSchema.safeParse(json?.value).data;
  if (content === undefined || content.exp <= now)
    throw new SealtrailError('unauthenticated', 'the viewer token is not valid, or has ended');
  return content;
}

function mac(body: string, secret: Buffer): Buffer {
  return createHmac('sha256', secret).update(`viewer\n${body}`).digest();
}
