import { expect as jestExpect } from 'expect';
import { describe, expect, test } from 'vitest';
import { inContext } from '../../src/client/index.ts';
import { type AuditMatchers, auditMatchers, MemoryAudit } from '../../src/client/testing.ts';
import { codeOf } from '../../src/domain/error.ts';
import { readLine } from '../../src/domain/line.ts';

declare module 'vitest' {
  interface Matchers<R, T> extends AuditMatchers<R> {}
}

expect.extend(auditMatchers);

const actor = { type: 'user', id: 'u_17' };

async function recorded(): Promise<MemoryAudit> {
  const memory = new MemoryAudit();
  const audit = inContext(memory);
  await audit.record('invoice.refunded', { actor, metadata: { amount: 1200, tags: ['a', 'b'] } });
  await audit.record('invoice.refunded', { actor, outcome: 'denied' });
  return memory;
}

const messageOf = (run: () => void) => {
  try {
    run();
  } catch (error) {
    return (error as Error).message;
  }
  return 'passed';
};

test('toHaveRecorded finds an event by some of its members, to any depth', async () => {
  const memory = await recorded();
  expect(memory).toHaveRecorded({ action: 'invoice.refunded' });
  expect(memory).toHaveRecorded({ actor: { id: 'u_17' }, metadata: { amount: 1200 } });
  expect(memory).toHaveRecorded({ id: expect.stringMatching(/^[0-9a-f-]{36}$/) }, 2);
  expect(memory).toHaveRecorded({ outcome: 'denied' }, 1);
  expect(memory).not.toHaveRecorded({ metadata: { amount: 1 } });
  expect(memory).not.toHaveRecorded({ metadata: { tags: ['a'] } });
  expect(memory).not.toHaveRecorded({ outcome: 'denied', metadata: { amount: 1200 } });
});

test('toHaveRecordedExactly asks for all events, in order', async () => {
  const memory = await recorded();
  expect(memory).toHaveRecordedExactly([{ outcome: 'success' }, { outcome: 'denied' }]);
  expect(memory).not.toHaveRecordedExactly([{ outcome: 'denied' }, { outcome: 'success' }]);
  expect(memory).not.toHaveRecordedExactly([{ outcome: 'success' }]);
  expect(memory).not.toHaveRecordedExactly([{}, {}, {}]);
});

test('a matcher that fails tells what was wanted and what was recorded', async () => {
  const memory = await recorded();
  const wanted = { action: 'invoice.paid' };
  const missing = messageOf(() => expect(memory).toHaveRecorded(wanted));
  expect(missing).toMatch(
    /^expected it to have recorded .*invoice\.paid.*\nrecorded:\n.*invoice\.refunded/s,
  );
  expect(messageOf(() => expect(memory).toHaveRecorded({ outcome: 'denied' }, 2))).toContain(
    'to have recorded 2 times, not 1 times,',
  );
  expect(messageOf(() => expect(memory).not.toHaveRecorded({ outcome: 'denied' }))).toContain(
    'expected it not to have recorded',
  );
  expect(messageOf(() => expect(memory).toHaveRecordedExactly([]))).toContain('recorded exactly');
  expect(messageOf(() => expect(new MemoryAudit()).toHaveRecorded(wanted))).toContain(
    'nothing was recorded',
  );
  expect(messageOf(() => expect({}).toHaveRecorded(wanted))).toContain(
    'give expect() the MemoryAudit',
  );
});

test('the matchers are Jest’s too', async () => {
  const memory = await recorded();
  jestExpect.extend(auditMatchers);
  const expectation = jestExpect(memory) as ReturnType<typeof jestExpect> & AuditMatchers;
  expectation.toHaveRecorded({ actor: { id: 'u_17' }, metadata: { amount: 1200 } }, 1);
  expectation.toHaveRecordedExactly([{ outcome: 'success' }, { outcome: 'denied' }]);
  const missing = messageOf(() => expectation.toHaveRecorded({ action: 'invoice.paid' }));
  expect(missing).toContain('to have recorded');
});

describe('an audit in memory', () => {
  test('completes an event as the log would have it, and answers with a receipt', async () => {
    await using memory = new MemoryAudit();
    const first = await memory.record({ action: 'a.b', actor });
    const second = await memory.record({ action: 'a.b', actor }, { until: 'committed' });
    expect(memory.events).toMatchObject([{ id: first.id, outcome: 'success', targets: [] }, {}]);
    for (const event of memory.events)
      expect(readLine(Buffer.from(JSON.stringify(event))).kind).toBe('event');
    expect([first.seq, second.seq]).toEqual([0, 1]);
    expect(first.committedAt).toBeUndefined();
    expect(second.committedAt).toBeDefined();
    expect(memory.stats()).toMatchObject({ recorded: 2, pending: { events: 0 } });
  });

  test('refuses what the client would refuse', async () => {
    const memory = new MemoryAudit();
    const record = memory.record({ action: 'a.b', actor, extra: 1 } as never);
    await expect(record).rejects.toThrow('there is no member extra');
    expect(memory.events).toEqual([]);
  });

  test('refuses what a test wants refused, until it is cleared', async () => {
    const memory = await recorded();
    memory.refuse('buffer-full');
    expect(await memory.record({ action: 'a.b', actor }).catch(codeOf)).toBe('buffer-full');
    expect(memory.events).toHaveLength(2);
    memory.clear();
    await memory.record({ action: 'a.b', actor });
    expect(memory.events).toHaveLength(1);
  });

  test('takes nothing once it is closed', async () => {
    const memory = new MemoryAudit();
    await memory.flush();
    await memory.close();
    expect(await memory.record({ action: 'a.b', actor }).catch(codeOf)).toBe('closed');
  });
});
