import { z } from 'zod';
import { issuerPattern } from '../domain/limits.ts';
import { oidcIssuersText } from '../lambda/env.ts';

const count = z
  .string()
  .regex(/^[1-9]\d{0,8}$/)
  .transform(Number);

/** What the stack must set on the read API's function. */
export const readEnv = z.object({
  /** `dev` or `prod`: the dimension of every metric. */
  STAGE: z.string().min(1).max(32),
  ISSUER: z.string().regex(issuerPattern),
  /** ARNs of the KMS keys that grants may be signed with, comma separated. */
  ISSUER_KEYS: z.string().min(1),
  BATCHES_TABLE: z.string().min(1),
  GRANTS_TABLE: z.string().min(1),
  REGISTRY_TABLE: z.string().min(1),
  PRODUCERS_TABLE: z.string().min(1),
  /** Bucket of what can never be accepted. */
  QUARANTINE_BUCKET: z.string().min(1),
  /** ARN of the KMS HMAC key (HMAC_256) from which the keys of cursors and viewer tokens are derived. */
  CURSOR_KEY: z.string().min(1),
  /** JSON: the issuers whose tokens are good, where there are any. */
  OIDC_ISSUERS: oidcIssuersText.optional(),
  /** The token service's function, which gives what reads are recorded with. */
  TOKEN_FUNCTION: z.string().min(1),
  /** Counts of what readers ask. */
  QUOTAS_TABLE: z.string().min(1),
  /** Units of work a minute: of a key with its viewer tokens, and of one viewer token. */
  READ_QUOTA_KEY: count,
  READ_QUOTA_VIEWER: count,
  /** Whether a read that cannot be recorded is refused. */
  READS_MUST_BE_RECORDED: z.enum(['true', 'false']),
  /** Origins whose pages may show the console in a frame, separated by spaces. */
  VIEWER_ORIGINS: z.string().transform((text) => text.split(' ').filter((origin) => origin !== '')),
});
