import express, { type Request } from 'express';
import { auditContext } from '../../../src/client/express.ts';
import { refund } from './refund.ts';

type AppRequest = Request & { user?: { id: string } };

export const app = express();
app.set('trust proxy', 1); // the proxies in front that are yours
app.use(auditContext({ actor: ({ user }: AppRequest) => user && { type: 'user', id: user.id } }));
app.use(express.json());
app.use((req: AppRequest, _res, next) => {
  req.user = { id: 'u_17' }; // your authentication
  next();
});
app.post('/refund', async (req, res) => {
  await refund(req.body.invoice, req.body.amount);
  res.sendStatus(204);
});
