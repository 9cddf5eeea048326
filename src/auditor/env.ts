import { z } from 'zod';

/** What the stack must set on the auditor's function. */
export const auditorEnv = z.object({
  /** `dev` or `prod`: the dimension of every metric. */
  STAGE: z.string().min(1).max(32),
  /** Tables of tenants, of batches with their feed, and of what is known of producers. */
  REGISTRY_TABLE: z.string().min(1),
  BATCHES_TABLE: z.string().min(1),
  PRODUCERS_TABLE: z.string().min(1),
  /** A gap younger than this is not counted: batches overtake each other. Seconds. */
  GAP_GRACE_SECONDS: z
    .string()
    .regex(/^\d{1,5}$/)
    .transform(Number),
});
