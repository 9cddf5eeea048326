import { createServer } from 'node:http';
import { closeOnSignal } from '../../../src/client/index.ts';
import { audit } from './audit.ts';
import { app } from './express.ts';

export const server = createServer(app);

closeOnSignal(audit, { first: () => new Promise((resolve) => server.close(resolve)) });
