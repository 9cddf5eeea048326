import { z } from 'zod';
import { idPattern } from '../domain/limits.ts';

// What several functions' environments share: who else than us may say who calls.

/** Signatures that anybody can check with a public key; no HMAC, with which a public key would be a secret. */
const algorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;

const name = z.string().min(1).max(256);
/** A member of the token's payload, or the way to one within others: `["realm_access", "roles"]`. */
const claim = z.union([name, z.array(name).min(1).max(8)], {
  error: 'the name of a claim, or a list of names that leads to one',
});

/** Tokens, and the keys that verify them, must not travel in the clear: plain http is for this machine only. */
const url = z
  .string()
  .max(512)
  .refine(
    isSafeUrl,
    'an https URL (http only for localhost) without user, query, fragment or ambiguity',
  );

/** Either one `value` for every token, or what a `claim` says: as it stands, or by a `map` of exact values. */
const from = <T extends z.ZodType>(value: T) =>
  z
    .strictObject({
      value: value.optional(),
      claim: claim.optional(),
      map: z.record(name, value).optional(),
    })
    .refine((it) => (it.value === undefined) !== (it.claim === undefined), 'a value or a claim')
    .refine((it) => it.map === undefined || it.claim !== undefined, 'a map is of a claim');

const id = z.string().regex(idPattern, '1 to 64 of A-Z a-z 0-9 . _ -');
const scope = z.enum(['read', 'write']);

const oidcIssuer = z
  .strictObject({
    issuer: url,
    audience: z.union([name, z.array(name).min(1).max(8)]),
    jwksUri: url.optional(),
    /** A token that lives longer is refused, s. @default 86400 */
    maxTokenSeconds: z
      .number()
      .int()
      .min(60)
      .max(366 * 86_400)
      .optional(),
    algorithms: z.array(z.enum(algorithms)).min(1).default(['RS256', 'PS256', 'ES256', 'EdDSA']),
    tenant: from(z.union([id, z.literal('*')], { error: 'a tenant’s id, or *' })),
    client: from(id).default({ claim: 'sub' }),
    scopes: z
      .strictObject({
        value: z.array(scope).min(1).optional(),
        claim: claim.optional(),
        map: z.record(name, scope).optional(),
      })
      .refine(
        (it) =>
          it.value === undefined
            ? it.claim !== undefined && it.map !== undefined
            : it.claim === undefined && it.map === undefined,
        'a value, or a claim with a map',
      )
      .default({
        claim: 'scope',
        map: { 'sealtrail:read': 'read', 'sealtrail:write': 'write' },
      }),
  })
  .refine(({ tenant, scopes }) => tenant.value !== '*' || !scopes.value?.includes('write'), {
    path: ['tenant'],
    error: '* is for reading only: one tenant is written for',
  })
  .refine(
    ({ issuer, jwksUri }) => jwksUri?.startsWith('http:') !== true || issuer.startsWith('http:'),
    { path: ['jwksUri'], error: 'https, as the issuer' },
  );

/**
 * Bytes of all issuers as JSON. A function's whole environment may have 4 KB
 * (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html); what else is in it takes about 1,000, and
 * 77 more for each signing key.
 */
const maxBytes = 2048;

/** The issuers whose tokens are good here, each named once. */
export const oidcIssuers = z
  .array(oidcIssuer)
  .max(16)
  .refine(
    (all) => new Set(all.map(({ issuer }) => issuer)).size === all.length,
    'each issuer once: put what differs into its maps',
  )
  .refine(
    (all) => Buffer.byteLength(JSON.stringify(all)) <= maxBytes,
    `at most ${maxBytes} bytes as JSON: that is what a function’s environment has room for`,
  );

export type OidcIssuer = z.output<typeof oidcIssuer>;

/** The same in one variable, as JSON. */
export const oidcIssuersText = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue('JSON');
      return z.NEVER;
    }
  })
  .pipe(oidcIssuers);

function isSafeUrl(text: string): boolean {
  if (!URL.canParse(text) || /[\s\\]/.test(text)) return false;
  const { protocol, hostname, username, password, search, hash } = new URL(text);
  const loopback = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  const bare = `${username}${password}${search}${hash}` === '';
  return bare && (protocol === 'https:' || (protocol === 'http:' && loopback));
}
