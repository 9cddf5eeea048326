import { z } from 'zod';
import { defineEvents } from '../../../src/client/index.ts';

export const events = defineEvents({
  'invoice.refunded': {
    version: 2,
    metadata: z.object({ amount: z.int(), currency: z.string().length(3) }),
    earlier: { 1: z.object({ cents: z.int() }) },
  },
  'invoices.closed': { version: 1, metadata: z.object({}) },
});
