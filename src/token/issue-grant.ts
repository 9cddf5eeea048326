import { SealtrailError } from '../domain/error.ts';
import { grantHeader, grantId, grantPayload } from '../domain/grant.ts';
import { signingInput } from '../domain/jws.ts';
import type { IssuerKey } from '../lambda/issuer-keys.ts';
import { orUnavailable } from '../lambda/or-unavailable.ts';
import type { GrantAbout } from '../store/grant-log.ts';
import type { Proof } from './proof.ts';

interface GrantIssuerOptions {
  /** `iss` of every grant. */
  readonly name: string;
  /** The current key first. */
  readonly keys: () => Promise<readonly IssuerKey[]>;
  /** An Ed25519 signature, 64 bytes, by the key of this ARN. */
  readonly sign: (keyArn: string, message: Uint8Array) => Promise<Uint8Array>;
  /** Logs the grant for good, once for each id, before it returns. */
  readonly insert: (id: string, jwt: string, about: GrantAbout) => Promise<'inserted' | 'replayed'>;
}

export interface GrantRequest {
  readonly tenant: string;
  readonly client: string;
  /** The API key that it is issued for; undefined if it is none. */
  readonly keyId?: string | undefined;
  readonly retentionDays: number;
  readonly shards: number;
  readonly proof: Proof;
  /** Epoch seconds. */
  readonly issuedAt: number;
  readonly seconds: number;
}

export interface IssuedGrant {
  readonly id: string;
  readonly jwt: string;
  /** Epoch seconds. */
  readonly expiresAt: number;
}

/** KMS signs no longer message (https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html), bytes. */
const maxMessage = 4096;

/**
 * Issues grants, each logged before anybody sees it. A proof is good for one grant: the grant's id comes of
 * the proof, so that the log refuses the second. Throws `proof-invalid` for a replay, `unavailable`.
 */
export function grantIssuer({ name, keys, sign, insert }: GrantIssuerOptions) {
  return async (request: GrantRequest): Promise<IssuedGrant> => {
    const { tenant, client, keyId, proof, issuedAt } = request;
    const id = grantId(proof.thumbprint, proof.jti);
    const expiresAt = issuedAt + request.seconds;
    const [key] = await orUnavailable('the issuer’s key', keys);
    if (key === undefined) throw new TypeError('the issuer has no key');
    const payload = grantPayload({
      iss: name,
      sub: client,
      tenant,
      jti: id,
      cnf: { jwk: proof.jwk },
      iat: issuedAt,
      exp: expiresAt,
      retentionDays: request.retentionDays,
      shards: request.shards,
    });
    const message = signingInput(grantHeader(key.thumbprint), payload);
    if (message.length > maxMessage)
      throw new TypeError(`a grant of ${message.length} bytes cannot be signed`);
    const signature = await orUnavailable('the issuer’s key', () =>
      sign(key.arn, Buffer.from(message, 'latin1')),
    );
    const jwt = `${message}.${Buffer.from(signature).toString('base64url')}`;
    const outcome = await orUnavailable('the log of grants', () =>
      insert(id, jwt, { tenant, client, issuedAt, expiresAt, keyId }),
    );
    if (outcome === 'replayed')
      throw new SealtrailError('proof-invalid', 'the DPoP proof was used before: make a new one');
    return { id, jwt, expiresAt };
  };
}
