import { createAuditClient, inContext } from '../../../src/client/index.ts';
import { events } from './events.ts';

const client = createAuditClient({
  url: process.env['SEALTRAIL_URL'] ?? '',
  apiKey: process.env['SEALTRAIL_API_KEY'] ?? '',
});

export const audit = inContext(client, events);
