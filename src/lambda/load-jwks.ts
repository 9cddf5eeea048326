import type { JSONWebKeySet } from 'jose';
import { z } from 'zod';
import type { OidcIssuer } from './env.ts';
import { fetchJson, type Get } from './fetch-json.ts';

/** Both requests together, ms: a function that answers within 10 s has other calls to make. */
const defaultTimeoutMs = 3000;

const discovery = z.object({ issuer: z.string(), jwks_uri: z.string() });

/** An empty set would put every key out of use: it is a mistake of the moment, and those known go on. */
const jwks = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).min(1) });

/**
 * An issuer's public keys: from `jwksUri` if that is set, else from where its discovery document says
 * (https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig), which must be of the same
 * origin: whoever can change that document could else have any host believed. Throws whatever is wrong.
 */
export async function loadJwks(
  { issuer, jwksUri }: Pick<OidcIssuer, 'issuer' | 'jwksUri'>,
  { get, timeoutMs = defaultTimeoutMs }: { readonly get: Get; readonly timeoutMs?: number },
): Promise<JSONWebKeySet> {
  const signal = AbortSignal.timeout(timeoutMs);
  const uri = jwksUri ?? (await discover(issuer, get, signal));
  return jwks.parse(await fetchJson(uri, get, signal));
}

async function discover(issuer: string, get: Get, signal: AbortSignal): Promise<string> {
  const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const found = discovery.parse(await fetchJson(address, get, signal));
  if (found.issuer !== issuer) throw new Error(`${address} is of another issuer`);
  if (new URL(found.jwks_uri).origin !== new URL(issuer).origin)
    throw new Error(`${address} has its keys on another host: set jwksUri if that is right`);
  return found.jwks_uri;
}
