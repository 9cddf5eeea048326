import { expect, expectTypeOf, test } from 'vitest';
import {
  type Audit,
  type AuditContext,
  currentContext,
  inContext,
  type Receipt,
  withContext,
} from '../../src/client/index.ts';
import { MemoryAudit } from '../../src/client/testing.ts';
import { codeOf } from '../../src/domain/error.ts';
import { world } from '../fixture/audit-client.ts';

const ada = { type: 'user', id: 'u_17' };
const bob = { type: 'user', id: 'u_18' };

function memoryAudit() {
  const memory = new MemoryAudit();
  return { memory, audit: inContext(memory) };
}

test('an event takes from the context what it does not say itself', async () => {
  const { memory, audit } = memoryAudit();
  const context: AuditContext = {
    actor: ada,
    context: { ip: '203.0.113.7', userAgent: 'Curl/8' },
    correlationId: 'c-1',
  };
  await withContext(context, async () => {
    await new Promise((resolve) => setImmediate(resolve));
    await audit.record('invoice.refunded', { context: { ip: '198.51.100.9' }, actor: bob });
    await audit.record({ action: 'invoice.paid', correlationId: 'c-2' });
  });
  expect(memory.events).toMatchObject([
    {
      action: 'invoice.refunded',
      actor: bob,
      context: { ip: '198.51.100.9', userAgent: 'Curl/8' },
      correlationId: 'c-1',
    },
    { action: 'invoice.paid', actor: ada, context: context.context, correlationId: 'c-2' },
  ]);
});

test('contexts nest, and what is undefined hides nothing', async () => {
  const { memory, audit } = memoryAudit();
  await withContext({ actor: ada, context: { ip: '203.0.113.7' }, correlationId: 'c-1' }, () =>
    withContext({ actor: undefined, context: { requestId: 'r' }, traceparent: undefined }, () =>
      audit.record('invoice.refunded', { correlationId: undefined }),
    ),
  );
  expect(memory.events).toMatchObject([
    { actor: ada, context: { ip: '203.0.113.7', requestId: 'r' }, correlationId: 'c-1' },
  ]);
  expect(currentContext()).toBeUndefined();
});

test('an actor that is a function is asked at each record', async () => {
  const { memory, audit } = memoryAudit();
  let actor: typeof ada | undefined;
  await withContext({ actor: () => actor }, async () => {
    const early = audit.record('session.opened');
    await expect(early).rejects.toThrow(/^actor: there is none, neither .* nor /);
    actor = bob;
    await audit.record('session.opened');
  });
  expect(memory.events.map((event) => event.actor)).toEqual([bob]);
});

test('what goes wrong in the context rejects, and never throws or goes unhandled', async () => {
  const { memory, audit } = memoryAudit();
  const unhandled: unknown[] = [];
  const listener = (error: unknown) => unhandled.push(error);
  process.on('unhandledRejection', listener);
  const broken = () => {
    throw new Error('no session');
  };
  const records = withContext({ actor: broken }, () => [audit.record('a.b'), audit.record('a.c')]);
  void audit.record(undefined as never);
  await expect(records[0]).rejects.toThrow('actor: the function that the context was given threw');
  await new Promise((resolve) => setTimeout(resolve, 0)); // node reports after the microtasks
  process.off('unhandledRejection', listener);
  expect(unhandled).toEqual([]);
  expect(await records[1]?.catch(codeOf)).toBe('event-invalid');
  expect(memory.events).toEqual([]);
});

test('the same over the client itself: until, flush, close and stats are its own', async () => {
  const { client, clock, lines } = world();
  const audit = inContext(client);
  const record = withContext({ actor: ada }, () =>
    audit.record('invoice.refunded', {}, { until: 'accepted' }),
  );
  await clock.while(audit.flush());
  expect(await record).toMatchObject({ seq: 0 });
  expect(lines().map((line) => JSON.parse(line).actor)).toEqual([ada]);
  await clock.while(audit.close());
  expect(audit.stats()).toMatchObject({ recorded: 1, accepted: 1 });
  expect(await audit.record('a.b', { actor: ada }).catch(codeOf)).toBe('closed');
  expectTypeOf(audit).toEqualTypeOf<Audit>();
  expectTypeOf(record).resolves.toEqualTypeOf<Receipt>();
});
