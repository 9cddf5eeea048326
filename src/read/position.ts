import { z } from 'zod';

const place = z.strictObject({ id: z.string(), hash: z.string() });

/** Where a reader goes on. */
export const positionSchema = z.strictObject({
  /** The last event that was given in exact order. */
  after: place.optional(),
  /** The first batch (in the order of the scan) that is not wholly given. */
  at: z.strictObject({ key: z.string(), inclusive: z.boolean() }).optional(),
  /** The last event given of the batch at `at`, which is being given out of the exact order. */
  within: place.optional(),
});
export type Position = z.infer<typeof positionSchema>;

/** An event's place in the order of a log: by id, then by the Merkle leaf hash (base64url) of its line. */
export type EventPlace = z.infer<typeof place>;
