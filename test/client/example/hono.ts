import { type Context, Hono } from 'hono';
import { auditContext } from '../../../src/client/hono.ts';
import { refund } from './refund.ts';

type App = { Variables: { userId: string } };

export const app = new Hono<App>();
app.use(
  auditContext({
    actor: (c: Context<App>) => ({ type: 'user', id: c.get('userId') }),
    ip: (c) => c.req.header('x-real-ip'), // only if a proxy of yours overwrites it always
  }),
);
app.use(async (c, next) => {
  c.set('userId', 'u_17'); // your authentication
  await next();
});
app.post('/refund', async (c) => {
  const { invoice, amount } = await c.req.json();
  await refund(invoice, amount);
  return c.body(null, 204);
});
