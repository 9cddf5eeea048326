import type { JWTPayload } from 'jose';
import type { Scope } from '../domain/api-key.ts';
import { sha256 } from '../domain/encoding.ts';
import { SealtrailError } from '../domain/error.ts';
import { idPattern } from '../domain/limits.ts';
import { systemTenant } from '../domain/system-tenant.ts';
import type { Caller } from './api-key.ts';
import type { OidcIssuer } from './env.ts';
import type { VerifiedToken } from './verify-token.ts';

/**
 * Who calls with a verified token, by what its issuer is trusted to say. A claim that is taken as it stands names
 * neither all tenants (`*`) nor `system`: only a mapping does, and then for reading. Throws `forbidden` when it names
 * no tenant, or more than one; when it may write, and names no client that could be in a batch.
 */
export function tokenCaller({ issuer, claims }: VerifiedToken): Caller {
  const tenant = only(
    namesOf(claims, issuer.tenant).filter((name) => name === '*' || idPattern.test(name)),
    'tenant',
  );
  const mayWrite = tenant !== '*' && tenant !== systemTenant;
  const scopes = new Set(scopesOf(claims, issuer.scopes).filter((it) => mayWrite || it === 'read'));
  const client = clientOf(claims, issuer, scopes);
  // Of an alphabet that no API key's id has, and of one length whatever the issuer's names are.
  const keyId = `oidc.${digest(issuer.issuer, client)}`;
  const expiresAt = (claims.exp ?? 0) * 1000;
  return { keyId, tenant, client, scopes, expiresAt };
}

/** A reader's client is not shown anywhere, so that its name may be of any form: it is then made of its digest. */
function clientOf(
  claims: JWTPayload,
  { issuer, client }: OidcIssuer,
  scopes: ReadonlySet<Scope>,
): string {
  const named = namesOf(claims, client);
  if (!scopes.has('write') && !named.some((name) => idPattern.test(name)))
    return digest(issuer, JSON.stringify(valuesOf(claims, client.claim)));
  return only(
    named.filter((name) => idPattern.test(name)),
    'client',
  );
}

function only(names: readonly string[], what: string): string {
  const [name, ...others] = new Set(names);
  if (name === undefined)
    throw new SealtrailError('forbidden', `the token names no ${what} that is known here`);
  if (others.length > 0)
    throw new SealtrailError('forbidden', `the token names more than one ${what}`);
  return name;
}

function namesOf(claims: JWTPayload, { value, claim, map }: OidcIssuer['client']): string[] {
  if (value !== undefined) return [value];
  const values = valuesOf(claims, claim);
  return map === undefined
    ? values.filter((name) => name !== '*' && name !== systemTenant)
    : mapped(values, map);
}

/** `scope` is one text with blanks (RFC 8693 §4.2); roles and groups are lists. */
function scopesOf(claims: JWTPayload, { value, claim, map }: OidcIssuer['scopes']): Scope[] {
  if (value !== undefined) return value;
  const words = valuesOf(claims, claim).flatMap((text) => [text, ...text.split(' ')]);
  return mapped(words, map ?? {});
}

function mapped<T>(values: readonly string[], map: Readonly<Record<string, T>>): T[] {
  return values.flatMap((value) => {
    const found = Object.hasOwn(map, value) ? map[value] : undefined;
    return found === undefined ? [] : [found];
  });
}

/** The texts of a claim: itself, or each of a list. What is no text counts for nothing. */
function valuesOf(claims: JWTPayload, claim: string | string[] | undefined): string[] {
  let found: unknown = claims;
  for (const name of [claim ?? []].flat()) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return [];
    found = (found as Record<string, unknown>)[name];
  }
  return [found].flat().filter((each) => typeof each === 'string');
}

function digest(...parts: readonly string[]): string {
  return sha256(JSON.stringify(parts)).toString('base64url');
}
