import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { openTaken } from '../fake/event-stream.ts';
import { apiKey } from '../fake/token-service.ts';
import { closeServers, listen } from '../fixture/front-over-http.ts';

afterEach(closeServers);

const fixture = (name: string) =>
  fileURLToPath(new URL(`../fixture/client/${name}.ts`, import.meta.url));

/** A child that records until it gets the signal: how it ended, and what it said. */
async function signalled(url: string, signal: NodeJS.Signals, ...args: string[]) {
  const child = spawn(process.execPath, [fixture('signalled'), url, apiKey, ...args]);
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  await once(child.stdout, 'data');
  child.kill(signal);
  const [code, by] = await once(child, 'close');
  return { code, by, said };
}

describe('on a signal the audit is closed, and the process ends as it would have', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('%s', async (signal) => {
    const { url, token, taken } = await listen();
    const { code, by, said } = await signalled(url, signal);
    expect([code, by]).toEqual([null, signal]);
    expect(said).toContain('a server that does not close');
    const batches = openTaken(taken, token.grants);
    const actions = batches.flatMap(({ lines }) =>
      lines.map(({ bytes }) => JSON.parse(bytes.toString('utf8')).action),
    );
    expect(actions).toEqual(['app.started', 'app.stopping']);
    expect(batches.at(-1)?.manifest.fin).toBe(true);
  });

  test('a handler of the app’s own decides how it ends', async () => {
    const { url, token, taken } = await listen();
    const { code, by } = await signalled(url, 'SIGTERM', 'own');
    expect([code, by]).toEqual([0, null]);
    expect(openTaken(taken, token.grants).at(-1)?.manifest.fin).toBe(true);
  });
});

test('each thread and each process of a cluster is one producer, whose chain is whole', async () => {
  const { url, token, taken } = await listen();
  const run = promisify(execFile);
  await run(process.execPath, [fixture('producers'), url, apiKey], { timeout: 50_000 });

  const batches = openTaken(taken, token.grants);
  const chains = Map.groupBy(batches, ({ manifest }) => manifest.producer);
  expect(chains.size).toBe(5);
  for (const chain of chains.values()) {
    chain.sort((a, b) => a.manifest.seq - b.manifest.seq);
    expect(chain.map(({ manifest }) => manifest.seq)).toEqual([...chain.keys()]);
    expect(chain.at(-1)?.manifest.fin).toBe(true);
    for (const [n, { manifest }] of chain.entries())
      expect(manifest.prev).toBe(n === 0 ? null : chain[n - 1]?.id);
    const events = chain.flatMap(({ lines }) =>
      lines.map(({ bytes }) => JSON.parse(bytes.toString('utf8'))),
    );
    expect(events.map(({ metadata }) => metadata.n)).toEqual(
      Array.from({ length: 20 }, (_, n) => n),
    );
    expect(new Set(events.map(({ actor }) => actor.id)).size).toBe(1);
  }
});
