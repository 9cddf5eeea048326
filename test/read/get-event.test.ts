import { expect, test } from 'vitest';
import { uuidV7 } from '../../src/domain/uuid.ts';
import { event, line } from '../fixture/events.ts';
import { now, readHarness } from './harness.ts';

test('an event is found by its id alone, among others of its millisecond', async () => {
  const api = readHarness();
  const who = api.client({ shards: 3 });
  const all = Array.from({ length: 40 }, () => event(now));
  for (const [seq, it] of all.entries())
    await api.add(who, [line(it), line(event(now + 59_999))], {
      seq,
      prev: seq === 0 ? null : 'A'.repeat(43),
    });
  for (const it of [all[0], all[17], all[39]]) {
    const { status, body } = await api.one(it?.id ?? '');
    expect(status).toBe(200);
    expect(body.event).toEqual(it);
  }
});

test('an event over midnight is found', async () => {
  const api = readHarness();
  const midnight = Date.parse('2026-03-02T00:00:00.000Z');
  const [before, after] = [event(midnight - 1), event(midnight + 59_000)];
  await api.add(api.client(), [line(before), line(after)]);
  expect((await api.one(before.id)).body.event).toEqual(before);
  expect((await api.one(after.id)).body.event).toEqual(after);
});

test('what is not there, is another tenant’s, or is no id gets the very same answer', async () => {
  const api = readHarness();
  const foreign = event(now);
  await api.add(api.client({ tenant: 'globex' }), [line(foreign)]);
  await api.add(api.client(), [line(event(now))]);
  const answers = [];
  for (const id of [event(now).id, foreign.id, 'x', '', foreign.id.toUpperCase(), '../feed']) {
    const { status, body, headers } = await api.one(id);
    answers.push({ status, headers, body: { ...body, serverTime: '' } });
  }
  expect(answers[0]).toMatchObject({ status: 404, body: { code: 'not-found' } });
  for (const answer of answers) expect(answer).toEqual(answers[0]);
  expect((await api.one(foreign.id, { key: 'key-of-globex' })).status).toBe(200);
});

test('different events with one id are all given, and alarmed', async () => {
  const api = readHarness();
  const it = event(now);
  await api.add(api.client(), [line(it)]);
  await api.add(api.client(), [line({ ...it, outcome: 'denied' })]);
  const { body } = await api.one(it.id);
  const shown = [body, ...body.others].map(({ event }) => event.outcome).sort();
  expect(shown).toEqual(['denied', 'success']);
  expect(body.others).toHaveLength(1);
  expect(api.counted('Equivocations')).toBe(1);
  const listed = await api.list();
  expect(listed.body.events).toHaveLength(2);
  expect(api.counted('Equivocations')).toBe(2);
});

test('the same event in two batches is given once, and is no equivocation', async () => {
  const api = readHarness();
  const it = line(event(now));
  await api.add(api.client(), [it]);
  await api.add(api.client(), [it]);
  const { body } = await api.one(JSON.parse(it.toString()).id);
  expect(body.others).toBeUndefined();
  expect((await api.list()).body.events).toHaveLength(1);
  expect(api.counted('Equivocations')).toBe(0);
});

test('a faulty line is found by its id', async () => {
  const api = readHarness();
  const it = line({ ...event(now), typo: true });
  await api.add(api.client(), [it]);
  const { body } = await api.one(JSON.parse(it.toString()).id);
  expect(body).toMatchObject({ faults: ['schema'], text: it.toString() });
});

test('what retention has taken is not found, not listed and not counted as broken', async () => {
  const api = readHarness();
  const who = api.client({ retentionDays: 30 });
  const it = event(now);
  await api.add(who, [line(it)]);
  const end = now + 30 * 86_400_000;
  api.clock.now = end - 1;
  expect((await api.one(it.id)).status).toBe(200);
  expect((await api.list()).body.events).toHaveLength(1);
  api.clock.now = end;
  expect((await api.one(it.id)).status).toBe(404);
  expect((await api.list()).body.events).toEqual([]);
});

test('an id whose time no batch can have is not found', async () => {
  const api = readHarness();
  for (const ms of [0, 253_402_300_799_999, 2 ** 48 - 1])
    expect((await api.one(uuidV7(ms, new Uint8Array(10)))).status, String(ms)).toBe(404);
});
