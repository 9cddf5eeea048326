import { withContext } from '../../../src/client/index.ts';
import { audit } from './audit.ts';
import { refund } from './refund.ts';

export const nightly = () =>
  withContext({ actor: { type: 'job', id: 'nightly' }, correlationId: 'run-7' }, async () => {
    await refund('in_42', 1200);
    await audit.record('invoices.closed');
  });
