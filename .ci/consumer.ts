// What an app does with the package, compiled as .mts and as .cts against the packed types, and run.
import { closeOnSignal, createAuditClient, defineEvents, inContext, withContext } from 'sealtrail';
import { auditContext as expressContext } from 'sealtrail/express';
import { auditContext as fastifyContext } from 'sealtrail/fastify';
import { auditContext as honoContext } from 'sealtrail/hono';
import { withAudit } from 'sealtrail/lambda';
import { fillAudit } from 'sealtrail/pino';
import { auditMatchers, MemoryAudit } from 'sealtrail/testing';
import { z } from 'zod';

const actor = { type: 'user', id: 'u_17' };
const events = defineEvents({
  'invoice.refunded': { version: 2, metadata: z.object({ amount: z.number() }) },
});
const memory = new MemoryAudit();
const audit = inContext(memory, events);

async function main(): Promise<void> {
  const client = createAuditClient({ url: 'https://audit.example.com', apiKey: 'st_k_s_c' });
  closeOnSignal(client)();
  await client.close();

  const refund = () => audit.record('invoice.refunded', { metadata: { amount: 1 } });
  const headers = { 'user-agent': 'x', 'x-request-id': 'r' };
  await withContext({ actor }, refund);
  await new Promise<void>((resolve) => {
    const middleware = expressContext({ actor: () => actor });
    middleware({ ip: '203.0.113.7', headers }, {}, () => void refund().then(() => resolve()));
  });
  await honoContext({ actor: () => actor })(
    { req: { header: () => undefined }, env: {} },
    async () => void (await refund()),
  );
  await withAudit({ audit, context: () => ({ actor }) }, refund)(
    {},
    { awsRequestId: 'r', getRemainingTimeInMillis: () => 1000 },
  );
  // @ts-expect-error -- the catalogue's types came along
  const wrong = audit.record('invoice.refunded', { metadata: { amount: '1' } });
  const code: string = await wrong.then(
    () => 'recorded',
    (error: { code: string }) => error.code,
  );
  const isWhole = [fastifyContext, fillAudit, auditMatchers.toHaveRecorded].every(Boolean);
  console.log(`${memory.events.length} ${code} ${isWhole}`);
}

void main();
