import type { KeyObject } from 'node:crypto';
import { sign, verify as verifyBytes } from './ed25519.ts';
import { fromBase64url } from './encoding.ts';

/** A JWS in compact form (RFC 7515 §7.1), taken apart but not yet verified. */
export interface Jws {
  readonly header: string;
  readonly payload: string;
  /** What the signature covers: the first two segments as they came. */
  readonly signed: string;
  readonly signature: Buffer;
}

const shape = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{86})$/;

/** Takes a compact JWS with an Ed25519 signature apart; undefined unless every segment is strict base64url. */
export function parseJws(compact: string): Jws | undefined {
  const match = shape.exec(compact);
  if (match === null) return undefined;
  const header = fromBase64url(match[1] ?? '');
  const payload = fromBase64url(match[2] ?? '');
  const signature = fromBase64url(match[3] ?? '');
  if (header === undefined || payload === undefined || signature === undefined) return undefined;
  return {
    header: header.toString('utf8'),
    payload: payload.toString('utf8'),
    signed: `${match[1]}.${match[2]}`,
    signature,
  };
}

/** What is to be signed of a JWS: both segments, encoded. */
export function signingInput(header: string, payload: string): string {
  return `${Buffer.from(header).toString('base64url')}.${Buffer.from(payload).toString('base64url')}`;
}

export function signJws(header: string, payload: string, key: KeyObject): string {
  const signed = signingInput(header, payload);
  return `${signed}.${sign(signed, key).toString('base64url')}`;
}

export function verifyJws(jws: Jws, key: KeyObject): boolean {
  return verifyBytes(jws.signed, jws.signature, key);
}
