import { audit } from './audit.ts';

export async function refund(invoice: string, amount: number): Promise<void> {
  await audit.record('invoice.refunded', {
    targets: [{ type: 'invoice', id: invoice }],
    metadata: { amount, currency: 'EUR' },
  });
}
