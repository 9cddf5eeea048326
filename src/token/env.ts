import { z } from 'zod';
import { issuerPattern } from '../domain/limits.ts';
import { oidcIssuersText } from '../lambda/env.ts';

/** What the stack must set on the token service's function. */
export const tokenEnv = z.object({
  /** `dev` or `prod`: the dimension of every metric. */
  STAGE: z.string().min(1).max(32),
  /** `iss` of every grant: the name of this deployment, such as `sealtrail/prod`. */
  ISSUER: z.string().regex(issuerPattern),
  /** ARNs of the KMS Ed25519 signing keys, comma separated: the current one first, retired ones after it. */
  ISSUER_KEYS: z.string().min(1),
  /** Of each of these, as far as it is known, when it signs: `<from>-<to>,…`, epoch seconds, each may be missing. */
  ISSUER_KEY_TIMES: z
    .string()
    .regex(/^\d*-\d*(,\d*-\d*)*$/)
    .optional(),
  /** Tables of tenants and API keys, of grants, of request counts, and of batches. */
  REGISTRY_TABLE: z.string().min(1),
  GRANTS_TABLE: z.string().min(1),
  QUOTAS_TABLE: z.string().min(1),
  BATCHES_TABLE: z.string().min(1),
  /** The stream that vended credentials may put to. */
  STREAM_NAME: z.string().min(1),
  STREAM_ARN: z.string().startsWith('arn:'),
  /** The KMS key of one's own that encrypts the stream, where it has one: sessions then need leave to use it. */
  STREAM_KEY_ARN: z.string().startsWith('arn:').optional(),
  /** The role that is assumed for a client; it trusts this function only. */
  WRITER_ROLE_ARN: z.string().min(1),
  /** Longest life of a grant and its credentials, seconds: 900 to 3600 (role chaining's limit). */
  SESSION_SECONDS: z
    .string()
    .regex(/^\d{3,4}$/)
    .transform(Number)
    .pipe(z.number().min(900).max(3600)),
  /** JSON: the issuers whose tokens are good, where there are any. */
  OIDC_ISSUERS: oidcIssuersText.optional(),
  /** Where clients reach the API behind a proxy or an API mapping with a base path: `https://…`, no query. */
  PUBLIC_URL: z
    .url({ protocol: /^https$/ })
    .transform((text) => {
      const { origin, pathname } = new URL(text);
      return origin + pathname.replace(/\/+$/, '');
    })
    .optional(),
  /** Where clients reach Kinesis when it is not the region's public endpoint (a VPC endpoint). */
  AWS_ENDPOINT_URL_KINESIS: z.url().optional(),
  /** The same for all services: set where the platform is not AWS itself. */
  AWS_ENDPOINT_URL: z.url().optional(),
});
