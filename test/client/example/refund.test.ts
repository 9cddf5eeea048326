import { expect, test, vi } from 'vitest';
import { inContext, withContext } from '../../../src/client/index.ts';
import { type AuditMatchers, auditMatchers } from '../../../src/client/testing.ts';
import { events } from './events.ts';
import { refund } from './refund.ts';

declare module 'vitest' {
  interface Matchers<R, T> extends AuditMatchers<R> {}
}
expect.extend(auditMatchers);

const memory = await vi.hoisted(async () => {
  const { MemoryAudit } = await import('../../../src/client/testing.ts');
  return new MemoryAudit();
});
vi.mock('./audit.ts', () => ({ audit: inContext(memory, events) }));
const actor = { type: 'user', id: 'u_17' };

test('a refund is recorded, with who made it', async () => {
  await withContext({ actor }, () => refund('in_42', 1200));
  expect(memory).toHaveRecorded({ action: 'invoice.refunded', actor, metadata: { amount: 1200 } });
});

test('without a record there is no refund', async () => {
  memory.refuse('buffer-full');
  await expect(withContext({ actor }, () => refund('in_42', 1200))).rejects.toThrow();
});
