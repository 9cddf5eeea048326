import pino from 'pino';
import { withContext } from '../../../src/client/index.ts';
import { fillAudit } from '../../../src/client/pino.ts';

const options = { url: process.env['SEALTRAIL_URL'], apiKey: process.env['SEALTRAIL_API_KEY'] };
const log = pino(
  { formatters: { log: fillAudit } },
  pino.transport({ targets: [{ target: 'sealtrail/pino', options }, { target: 'pino/file' }] }),
);

withContext({ actor: { type: 'job', id: 'nightly' } }, () => {
  const targets = [{ type: 'invoice', id: 'in_42' }];
  log.info({ audit: { action: 'invoice.refunded', targets } }, 'refunded');
});
