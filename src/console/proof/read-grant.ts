import { digestForm, hasMembers, idForm, isText, isWhole } from './forms.ts';
import type { Jws } from './jws.ts';

/** What the page needs of a grant. */
export interface Grant {
  readonly sub: string;
  readonly tenant: string;
  readonly jti: string;
  /** Epoch ms. */
  readonly exp: number;
  /** The client's key, base64url. */
  readonly x: string;
  readonly via: 'sdk' | 'gateway' | 'service';
}

const members = 'iss sub tenant jti cnf iat exp retentionDays shards via';
/** The end of the year 9999, epoch seconds. */
const lastSecond = 253_402_300_799;

/** Undefined unless the payload is as FORMAT.md, section 6, says. */
export function readGrant({ payload }: Jws): Grant | undefined {
  if (!hasMembers(payload, members)) return undefined;
  const { iss, sub, tenant, jti, cnf, iat, exp, retentionDays, shards, via } = payload;
  if (!isText(iss, /^[A-Za-z0-9._:/-]{1,128}$/) || !isText(jti, digestForm)) return undefined;
  if (!isText(sub, idForm) || !isText(tenant, idForm)) return undefined;
  if (!isWhole(iat, 1, lastSecond) || !isWhole(exp, 1, lastSecond)) return undefined;
  if (!isWhole(retentionDays, 1, 36_500) || !isWhole(shards, 1, 1024)) return undefined;
  if (via !== 'sdk' && via !== 'gateway' && via !== 'service') return undefined;
  if (!hasMembers(cnf, 'jwk') || !hasMembers(cnf['jwk'], 'kty crv x')) return undefined;
  const { kty, crv, x } = cnf['jwk'];
  if (kty !== 'OKP' || crv !== 'Ed25519' || typeof x !== 'string') return undefined;
  return { sub, tenant, jti, exp: exp * 1000, x, via };
}
