import { readFile } from 'node:fs/promises';
import { createAuditClient } from '../../../src/client/index.ts';

export const audit = createAuditClient({
  url: process.env['SEALTRAIL_URL'] ?? '',
  apiKey: async () => {
    const token = await readFile(process.env['SEALTRAIL_TOKEN_FILE'] ?? '', 'utf8');
    return token.trim();
  },
});
