import { expect, test } from 'vitest';
import { event, line } from '../fixture/events.ts';
import { now, readHarness } from './harness.ts';

/** A valid event whose bytes are not what JSON.stringify would write. */
const exact = Buffer.from(
  line(event(now))
    .toString()
    .replace(
      /}$/,
      ' ,"metadata" : {"big":9007199254740993,"huge":1e400,"minus":-0,"d":1.50,"\\u0041":"\\/"}}',
    ),
);

test('a line’s exact bytes are given: no number is rounded, no member moved, no escape changed', async () => {
  const api = readHarness();
  const who = api.client();
  const batch = await api.add(who, [exact]);
  const { text, body } = await api.list();
  expect(text.startsWith(`{"events":[{"event":${exact},"received":`)).toBe(true);
  const { event: shown, ...beside } = body.events[0];
  expect(shown).toEqual(JSON.parse(exact.toString()));
  expect(beside).toEqual({
    received: '2026-03-01T12:00:00.000Z',
    late: false,
    client: 'billing',
    producer: who.producer,
    seq: 0,
    batch: batch.id,
    batchName: `${batch.to}#${batch.id}#0`,
  });
  const { text: lines, headers } = await api.list('', { accept: 'application/x-ndjson' });
  expect(headers['content-type']).toBe('application/x-ndjson');
  expect(lines).toBe(`${exact}\n`);
  expect((await api.one(event(now).id)).status).toBe(404);
  expect((await api.one(JSON.parse(exact.toString()).id)).text).toContain(`"event":${exact},`);
});

/** With what would end a string, an object or a page, if it were spliced in. */
const faulty = Buffer.concat([
  Buffer.from(`{"id":"${event(now).id}","time":"x","note":"</script>=cmd()`),
  Buffer.from([0xff, 0xe2, 0x80, 0xa8]),
  Buffer.from('\\u202e"}'),
]);

test('a faulty line is flagged and escaped, with its exact bytes, in its place or alone', async () => {
  const api = readHarness();
  await api.add(api.client(), [faulty, line(event(now))]);
  const { body, text } = await api.list('faulty=true');
  expect(text).not.toContain(faulty.toString('latin1'));
  expect(body.events).toHaveLength(1);
  const [shown] = body.events;
  expect(shown).toMatchObject({
    id: JSON.parse(faulty.toString()).id,
    time: '2026-03-01T12:00:00.000Z',
    faults: ['utf8'],
    text: faulty.toString(),
  });
  expect(Buffer.from(shown.line, 'base64url')).toEqual(faulty);
  expect('event' in shown).toBe(false);
});

test('in NDJSON a faulty line is an object that no event can be', async () => {
  const api = readHarness();
  await api.add(api.client(), [faulty]);
  const { text } = await api.list('', { accept: 'application/x-ndjson' });
  expect(text.endsWith('}\n')).toBe(true);
  const { id } = JSON.parse(faulty.toString());
  expect(JSON.parse(text)).toEqual({
    sealtrail: { id, faults: ['utf8'], line: faulty.toString('base64url') },
  });
});

test('late events, and batches that arrived after a revocation, are marked', async () => {
  const api = readHarness();
  const who = api.client();
  await api.add(who, [line(event(now))], { arrival: now + 600_000 });
  const grant = api.grants.get(who.grantId);
  if (grant === undefined) throw new Error('no grant');
  api.grants.set(who.grantId, { ...grant, revokedAt: now + 600_000 });
  const { body } = await api.list();
  expect(body.events[0]).toMatchObject({
    late: true,
    revoked: true,
    received: '2026-03-01T12:10:00.000Z',
  });
  expect((await api.list('late=true')).body.events).toHaveLength(1);
});

test('an answer is JSON or NDJSON, and nothing else', async () => {
  const api = readHarness();
  for (const accept of [
    'application/json',
    '*/*',
    'application/*',
    'text/html, application/json;q=0.5',
  ])
    expect((await api.list('', { accept })).headers['content-type']).toBe('application/json');
  expect((await api.list('', { accept: 'text/html' })).status).toBe(406);
});
