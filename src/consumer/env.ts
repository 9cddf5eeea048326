import { z } from 'zod';

const count = z
  .string()
  .regex(/^[1-9]\d{0,14}$/)
  .transform(Number);

/** What the stack must set on the consumer's function. */
export const consumerEnv = z.object({
  /** `dev` or `prod`: the dimension of every metric. */
  STAGE: z.string().min(1).max(32),
  ISSUER: z.string().min(1).max(128),
  /** ARNs of the KMS keys that grants may be signed with, comma separated. */
  ISSUER_KEYS: z.string().min(1),
  BATCHES_TABLE: z.string().min(1),
  GRANTS_TABLE: z.string().min(1),
  /** Bucket that takes, raw, what can never be accepted. */
  QUARANTINE_BUCKET: z.string().min(1),
  /** Bucket that takes, raw, what may be accepted later (a throttled tenant's records). */
  REDRIVE_BUCKET: z.string().min(1),
  /** Bytes and faults that may come under one grant, before it is stopped. */
  GRANT_BYTES: count,
  GRANT_FAULTS: count,
});
