/**
 * An OpenID Connect issuer whose tokens are as good as API keys. It is trusted for what its mapping lets it say: with a
 * claim that is taken as it stands, it may name any tenant.
 *
 * Tokens are JWTs with an end, signed with a key that the issuer publishes, of at most 8 KiB.
 *
 * @example
 * const issuer: OidcIssuer = {
 *   issuer: 'https://login.example.com',
 *   audience: 'https://audit.example.com',
 *   tenant: { claim: 'org' },
 * };
 */
export interface OidcIssuer {
  /** As tokens have it in `iss`, to the character: https, or http on this machine. */
  readonly issuer: string;
  /** What a token must have in `aud`: one of these. */
  readonly audience: string | readonly string[];
  /**
   * Where its keys are.
   *
   * @default what its discovery document says, which must be of the issuer's own scheme, host and port
   */
  readonly jwksUri?: string;
  /**
   * How tokens may be signed: RS, PS or ES with 256, 384 or 512, EdDSA, Ed25519.
   *
   * @default RS256, PS256, ES256 and EdDSA
   */
  readonly algorithms?: readonly string[];
  /**
   * Which tenant a token is for. It must be registered. `*`, all tenants, and `system`, the operators' log, can only
   * come of a `value` or a `map`, and are for reading.
   */
  readonly tenant: FromToken<string>;
  /**
   * Which client it is: 1 to 64 of `A-Z a-z 0-9 . _ -` where it may write. Quotas count by issuer and client.
   *
   * @default the claim `sub`
   */
  readonly client?: FromToken<string>;
  /**
   * What a token may do. A claim is a list, or words with blanks between them; each may give something.
   *
   * @default the claim `scope`: `sealtrail:read` gives `read`, `sealtrail:write` gives `write`
   */
  readonly scopes?:
    | { readonly value: readonly Scope[] }
    | {
        readonly claim: ClaimName;
        readonly map: Readonly<Record<string, Scope>>;
      };
}

type Scope = 'read' | 'write';

/** A member of a token's payload, or the names that lead to one within others: `['realm_access', 'roles']`. */
type ClaimName = string | readonly string[];

/** The same for every token, or what a claim says: as it stands, or what its exact value is in a map. */
type FromToken<T> =
  | { readonly value: T }
  | { readonly claim: ClaimName; readonly map?: Readonly<Record<string, T>> };
