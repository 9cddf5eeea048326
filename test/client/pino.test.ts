import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import pino from 'pino';
import { afterEach, expect, test, vi } from 'vitest';
import { withContext } from '../../src/client/index.ts';
import { auditStream, fillAudit } from '../../src/client/pino.ts';
import { MemoryAudit } from '../../src/client/testing.ts';
import { openTaken } from '../fake/event-stream.ts';
import { apiKey } from '../fake/token-service.ts';
import { world } from '../fixture/audit-client.ts';
import { closeServers, listen } from '../fixture/front-over-http.ts';

afterEach(closeServers);

const actor = { type: 'user', id: 'u_17' };
const audit = { action: 'invoice.refunded', actor };

test('in a worker thread: what is logged with audit is on the stream when the log has ended', async () => {
  const { url, token, taken } = await listen();
  const file = fileURLToPath(new URL('../fixture/client/logs.ts', import.meta.url));
  const child = spawn(process.execPath, [file, url, apiKey], { stdio: 'inherit' });
  expect(await once(child, 'close')).toEqual([0, null]);
  const batches = openTaken(taken, token.grants);
  const events = batches.flatMap(({ lines }) =>
    lines.map(({ bytes }) => JSON.parse(bytes.toString('utf8'))),
  );
  expect(events.map(({ metadata }) => metadata.n)).toEqual(
    Array.from({ length: 500 }, (_, n) => n),
  );
  expect(events[0].context).toEqual({ ip: '203.0.113.7' });
  expect(batches.at(-1)?.manifest.fin).toBe(true);
});

test('a logged event takes who and where from the context', async () => {
  const memory = new MemoryAudit();
  const log = pino({ formatters: { log: fillAudit } }, auditStream(memory));
  withContext({ actor, context: { ip: '203.0.113.7' } }, () => {
    log.info({ audit: { action: 'invoice.refunded' } }, 'refunded');
    log.info({ other: 1 }, 'not an event');
    log.child({ name: 'x' }).warn({ audit: { ...audit, actor: { type: 'job', id: 'j' } } });
  });
  log.info('the "audit": of a message is none');
  await vi.waitUntil(() => memory.events.length === 2);
  expect(memory.events).toMatchObject([
    { action: 'invoice.refunded', actor, context: { ip: '203.0.113.7' } },
    { action: 'invoice.refunded', actor: { id: 'j' }, context: { ip: '203.0.113.7' } },
  ]);
});

test('lines may be cut anywhere, also within a character, and the last needs no line end', async () => {
  const memory = new MemoryAudit();
  const stream = auditStream(memory);
  const log = [1, 2, 3].map((n) => JSON.stringify({ audit: { ...audit, reason: `é😀 ${n}` } }));
  for (const byte of Buffer.from(log.join('\n'))) stream.write(Buffer.of(byte));
  stream.end();
  await once(stream, 'close');
  expect(memory.events.map(({ reason }) => reason)).toEqual(['é😀 1', 'é😀 2', 'é😀 3']);
});

test('what is no event is reported, and stops nothing', async () => {
  const said = vi.spyOn(console, 'error').mockImplementation(() => {});
  const memory = new MemoryAudit();
  const stream = auditStream(memory);
  stream.write('{"audit":{"action":"a b"}}\n{"audit":\n{"audit":null}\n');
  stream.end(`${JSON.stringify({ audit })}\n`);
  await once(stream, 'close');
  expect(memory.events).toHaveLength(1);
  const lines = said.mock.calls.map(([line]) => String(line)).sort();
  expect(lines).toMatchObject([
    expect.stringMatching(/^sealtrail\/pino: event-invalid: action: /),
    expect.stringMatching(/^sealtrail\/pino: event-invalid: event: give an object/),
    expect.stringMatching(/^sealtrail\/pino: internal: .*JSON/),
  ]);
  said.mockRestore();
});

test('the log is not read faster than the stream accepts', async () => {
  const { client, clock, token } = world({ lingerMs: 0 });
  token.mode = 'down';
  const stream = auditStream(client);
  const lines = `${JSON.stringify({ audit })}\n`.repeat(1000);
  for (let n = 0; n < 20; n++) stream.write(lines);
  await clock.advance(60_000);
  expect(client.stats().pending.events).toBe(10_000);
  token.mode = 'up';
  stream.end();
  await clock.while(once(stream, 'close'));
  expect(client.stats()).toMatchObject({ accepted: 20_000, pending: { events: 0 } });
});
