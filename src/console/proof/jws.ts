import { type Bytes, fromBase64url } from './bytes.ts';

/** A JWS in compact form, taken apart strictly. */
export interface Jws {
  readonly keyId: string;
  readonly payload: Readonly<Record<string, unknown>>;
  /** The payload's own text. */
  readonly text: string;
  readonly signed: string;
  readonly signature: Bytes;
}

/** Undefined unless every segment is strict base64url and the header is exactly the one of this `type`. */
export function parseJws(compact: string, type: string): Jws | undefined {
  const [head = '', body = '', tail = '', more] = compact.split('.');
  const [header, payload, signature] = [head, body, tail].map(fromBase64url);
  if (more !== undefined || !header || !payload || signature?.length !== 64) return undefined;
  const text = decode(payload);
  const keyId = /"kid":"([A-Za-z0-9_-]{42}[AEIMQUYcgkosw048])"\}$/.exec(decode(header) ?? '')?.[1];
  if (keyId === undefined || text === undefined) return undefined;
  if (decode(header) !== JSON.stringify({ alg: 'EdDSA', typ: type, kid: keyId })) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    // What says a member twice, or in two ways, could mean one thing here and another elsewhere.
    if (JSON.stringify(value) !== text) return undefined;
    return {
      keyId,
      payload: value as Record<string, unknown>,
      text,
      signed: `${head}.${body}`,
      signature,
    };
  } catch {
    return undefined;
  }
}

function decode(bytes: Bytes): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
