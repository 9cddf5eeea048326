import fastify, { type FastifyRequest } from 'fastify';
import { auditContext } from '../../../src/client/fastify.ts';
import { refund } from './refund.ts';

interface Refund {
  Body: { invoice: string; amount: number };
}
type AppRequest = FastifyRequest & { user?: { id: string } };

export const app = fastify({ trustProxy: '10.0.0.0/8' }); // the proxies in front that are yours
await app.register(auditContext, {
  actor: ({ user }: AppRequest) => user && { type: 'user', id: user.id },
});
app.addHook('preHandler', async (request: AppRequest) => {
  request.user = { id: 'u_17' }; // your authentication
});
app.post<Refund>('/refund', async (request, reply) => {
  await refund(request.body.invoice, request.body.amount);
  reply.code(204);
});
