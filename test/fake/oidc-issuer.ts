import {
  type CryptoKey,
  exportJWK,
  generateKeyPair,
  type JWK,
  type JWTHeaderParameters,
  SignJWT,
} from 'jose';
import { type OidcIssuer, oidcIssuers } from '../../src/lambda/env.ts';
import type { Get } from '../../src/lambda/fetch-json.ts';

/** An issuer's settings as an operator gives them, with what is not said filled in. */
export function issuerSettings(over: object = {}): OidcIssuer {
  const [settings] = oidcIssuers.parse([
    {
      issuer: 'https://login.example.com',
      audience: 'https://audit.example.com',
      tenant: { claim: 'org' },
      ...over,
    },
  ]);
  if (settings === undefined) throw new Error('no settings');
  return settings;
}

/** An issuer in memory: signs anything, answers for its discovery document and its keys, and counts who asks. */
export async function fakeIssuer(name = 'https://login.example.com') {
  const state = {
    /** Epoch ms. */
    now: 1_700_000_000_000,
    /** Addresses that were asked for, in order. */
    asked: [] as string[],
    down: false,
    discovery: { issuer: name, jwks_uri: `${name}/keys` } as object,
    jwks: [] as JWK[],
  };
  const privateKeys = new Map<string, { alg: string; key: CryptoKey }>();

  /** From now on there is this key too; `replace`: and no other. */
  async function addKey(kid: string, { alg = 'ES256', replace = false } = {}): Promise<JWK> {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    const jwk = { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' };
    if (replace) state.jwks = [];
    state.jwks.push(jwk);
    privateKeys.set(kid, { alg, key: privateKey });
    return jwk;
  }

  /** A good token, with what is put over its claims and header; `undefined` takes a claim away. */
  async function token(
    claims: object = {},
    { kid = 'one', header = {} }: { kid?: string; header?: Partial<JWTHeaderParameters> } = {},
  ): Promise<string> {
    const signing = privateKeys.get(kid);
    if (signing === undefined) throw new Error(`no key ${kid}`);
    const seconds = Math.floor(state.now / 1000);
    const all = {
      iss: name,
      aud: 'https://audit.example.com',
      sub: 'billing',
      org: 'acme',
      scope: 'openid sealtrail:write sealtrail:read',
      iat: seconds,
      exp: seconds + 300,
      ...claims,
    };
    const payload = JSON.parse(JSON.stringify(all));
    const { alg, key } = signing;
    return new SignJWT(payload).setProtectedHeader({ alg, kid, ...header }).sign(key);
  }

  /** A token of these very texts, signed with the key `one`; with `more` behind its encoded payload. */
  async function raw(header: string, payload: string | Buffer, more = ''): Promise<string> {
    const signing = privateKeys.get('one');
    if (signing === undefined) throw new Error('no key');
    const [first, second] = [header, payload].map((part) =>
      Buffer.from(part).toString('base64url'),
    );
    const signed = `${first}.${second}${more}`;
    const algorithm = { name: 'ECDSA', hash: 'SHA-256' };
    const signature = await crypto.subtle.sign(algorithm, signing.key, Buffer.from(signed));
    return `${signed}.${Buffer.from(signature).toString('base64url')}`;
  }

  const get: Get = async (url) => {
    state.asked.push(url);
    if (state.down) throw new TypeError('fetch failed');
    if (url === `${name}/keys`) return Response.json({ keys: state.jwks });
    if (url === `${name}/.well-known/openid-configuration`) return Response.json(state.discovery);
    return new Response('', { status: 404 });
  };

  await addKey('one');
  return { state, addKey, token, raw, get, now: () => state.now };
}
