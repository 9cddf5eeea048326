import { describe, expect, expectTypeOf, test, vi } from 'vitest';
import { inContext } from '../../src/client/index.ts';
import { type WithAuditOptions, withAudit } from '../../src/client/lambda.ts';
import { MemoryAudit } from '../../src/client/testing.ts';
import { world } from '../fixture/audit-client.ts';

const actor = { type: 'user', id: 'u_17' };
const lambda = { awsRequestId: 'req-7', getRemainingTimeInMillis: () => 10_000 };

test('the answer is given only after all that was recorded is on the stream', async () => {
  const { client, clock, lines } = world({ lingerMs: 60_000 });
  const audit = inContext(client);
  const handler = withAudit({ audit }, async (event: { n: number }) => {
    void audit.record('invoice.refunded', { actor, metadata: event });
    return `answer ${event.n}`;
  });
  const answered: number[] = [];
  const answer = handler({ n: 1 }, lambda).then((text) => {
    answered.push(lines().length);
    return text;
  });
  await clock.while(answer);
  expect(answered).toEqual([1]);
  expectTypeOf(await answer).toEqualTypeOf<string>();
  expect(await answer).toBe('answer 1');
});

test('a handler that throws is flushed too, and its error is the invocation’s', async () => {
  const { client, clock, lines } = world({ lingerMs: 60_000 });
  const handler = withAudit({ audit: client }, async () => {
    void client.record({ action: 'invoice.refunded', actor, outcome: 'failure' });
    throw new Error('no such invoice');
  });
  const answer = handler({}, lambda).catch((error: Error) => error.message);
  await clock.while(answer);
  expect(await answer).toBe('no such invoice');
  expect(lines()).toHaveLength(1);
});

describe('what is not accepted before the function’s timeout', () => {
  const never = { flush: () => new Promise<void>(() => {}) };
  const hasty = { ...lambda, getRemainingTimeInMillis: () => 520 };

  test('is reported, and does not keep the answer', async () => {
    const said = vi.spyOn(console, 'error').mockImplementation(() => {});
    expect(await withAudit({ audit: never }, async () => 'answer')({}, hasty)).toBe('answer');
    expect(said.mock.calls).toMatchObject([['sealtrail:', { code: 'unavailable' }]]);
    said.mockRestore();
  });

  test('fails the invocation if the app says so', async () => {
    const onUnflushed: WithAuditOptions<unknown, typeof lambda>['onUnflushed'] = (error) => {
      throw error;
    };
    const handler = withAudit({ audit: never, onUnflushed, marginMs: 510 }, async () => 'answer');
    await expect(handler({}, hasty)).rejects.toThrow('events are not accepted 10 ms after');
  });

  test('a flush that fails counts as such', async () => {
    const failing = { flush: () => Promise.reject(new Error('closed')) };
    const codes: string[] = [];
    const options = {
      audit: failing,
      onUnflushed: ({ code }: { code: string }) => codes.push(code),
    };
    await withAudit(options, async () => {})({}, lambda);
    expect(codes).toEqual(['unavailable']);
  });
});

test('records have the request id, and what AWS itself saw of the caller', async () => {
  const memory = new MemoryAudit();
  const audit = inContext(memory);
  const handler = withAudit(
    {
      audit,
      context: (event: { user?: string; requestContext?: object }) => ({
        actor: { type: 'user', id: event.user ?? '-' },
      }),
    },
    async () => audit.record('invoice.refunded'),
  );
  const seen = { sourceIp: '203.0.113.7', userAgent: 'Curl/8' };
  await handler({ user: 'a', requestContext: { http: seen } }, lambda);
  await handler({ user: 'b', requestContext: { identity: { ...seen, userAgent: null } } }, lambda);
  await handler(
    { user: 'c', requestContext: { identity: { sourceIp: 'test-invoke-source-ip' } } },
    lambda,
  );
  await handler({ user: 'd' }, lambda);
  const requestId = 'req-7';
  expect(memory.events.map(({ actor, context }) => [actor.id, context])).toEqual([
    ['a', { requestId, ip: '203.0.113.7', userAgent: 'Curl/8' }],
    ['b', { requestId, ip: '203.0.113.7' }],
    ['c', { requestId }],
    ['d', { requestId }],
  ]);
});
