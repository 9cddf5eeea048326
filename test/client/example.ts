import { createAuditClient } from '../../src/client/index.ts';

await using audit = createAuditClient({
  url: 'https://audit.example.com',
  apiKey: process.env['SEALTRAIL_API_KEY'] ?? '',
});

const receipt = await audit.record({
  action: 'invoice.refunded',
  actor: { type: 'user', id: 'u_17', name: 'Ada' },
  targets: [{ type: 'invoice', id: 'in_42' }],
  context: { ip: '203.0.113.7' },
  metadata: { amount: 1200, currency: 'EUR' },
});
console.log(`sealed in batch ${receipt.batch}`);
