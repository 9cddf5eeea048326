import { codeOf } from '../../src/domain/error.ts';
import { authenticator } from '../../src/lambda/authenticate.ts';
import { fakeIssuer, issuerSettings } from '../fake/oidc-issuer.ts';

/** Who is authenticated by the tokens of one issuer, for a registry with the tenant `acme`. */
export async function setUp(settings: object = {}) {
  const issuer = await fakeIssuer();
  const fake = { keys: [] as string[], tenants: new Set(['acme']), registryDown: false };
  const authenticate = authenticator({
    async byKey(key) {
      fake.keys.push(key);
      return { keyId: 'k', tenant: 'acme', client: 'by-key', scopes: new Set(['write'] as const) };
    },
    issuers: [issuerSettings(settings)],
    async tenant(id) {
      if (fake.registryDown) throw new Error('down');
      return fake.tenants.has(id) ? { id } : undefined;
    },
    get: issuer.get,
    now: issuer.now,
  });
  const outcome = (token: string) => authenticate(token).then(() => 'accepted', codeOf);
  return { ...issuer, fake, authenticate, outcome };
}
