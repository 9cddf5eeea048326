import { audit } from './audit.ts';

export async function payOut(invoice: string, pay: () => Promise<void>): Promise<void> {
  await audit.record(
    'invoice.refunded',
    { targets: [{ type: 'invoice', id: invoice }], metadata: { amount: 1200, currency: 'EUR' } },
    { until: 'accepted', failClosed: true, timeoutMs: 2000 },
  );
  await pay(); // not without its record
}
