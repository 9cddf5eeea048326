import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toTime } from '../../src/domain/encoding.ts';
import { codeOf } from '../../src/domain/error.ts';
import { type Fate, openTaken } from '../fake/event-stream.ts';
import { input, type World, world } from '../fixture/audit-client.ts';

const minute = 60_000;

const step = fc.oneof(
  fc.record({
    kind: fc.constant('record' as const),
    count: fc.integer({ min: 1, max: 12 }),
    /** Event time, ms from now on the server's clock; null: not given. */
    offset: fc.option(fc.integer({ min: -150_000, max: 20_000 })),
  }),
  fc.record({
    kind: fc.constant('advance' as const),
    ms: fc.oneof(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 0, max: 40 * minute })),
  }),
  fc.record({
    kind: fc.constant('token' as const),
    mode: fc.constantFrom('up', 'up', 'down', 'hang', 'error', 'key-revoked'),
  }),
  fc.record({ kind: fc.constant('flush' as const) }),
);

const failures = [
  'InternalFailure',
  'ExpiredTokenException',
  'AccessDeniedException',
  'ResourceNotFoundException',
];

/** What becomes of the requests one after the other; after the last of it all is well. */
const fate: fc.Arbitrary<Fate> = fc.oneof(
  fc.constant({ kind: 'taken' as const }),
  fc.constant({ kind: 'lost' as const }),
  fc.constant({ kind: 'hangs' as const }),
  fc.constantFrom(...failures).map((name) => ({ kind: 'failed' as const, name })),
  fc.integer({ min: 0, max: 255 }).map((mask) => ({
    kind: 'taken' as const,
    except: (_: unknown, index: number) => ((mask >> (index % 8)) & 1) === 1,
  })),
);

const scenario = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 25 }),
  fates: fc.array(fate, { maxLength: 30 }),
  skewMs: fc.constantFrom(0, 0, 10 * minute, -10 * minute),
  random: fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 1, maxLength: 5 }),
  options: fc.record({
    lingerMs: fc.constantFrom(0, 10, 5000),
    maxBatchEvents: fc.integer({ min: 1, max: 8 }),
    maxBufferEvents: fc.constantFrom(1, 7, 1000),
    onFull: fc.constantFrom('wait' as const, 'reject' as const),
    inFlight: fc.integer({ min: 1, max: 4 }),
  }),
});

test('whatever happens, each recorded event is accepted, once per batch, in one unbroken chain', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async ({ steps, fates, skewMs, random, options }) => {
      let drawn = 0;
      const draw = () => random[drawn++ % random.length] ?? 0.5;
      const closeTimeoutMs = 86_400_000;
      const w = world({ ...options, closeTimeoutMs }, { skewMs, random: draw });
      w.stream.fate = ({ number }) => fates[number] ?? { kind: 'taken' };
      const { client, clock, token } = w;
      const outcomes: Promise<string>[] = [];
      for (const step of steps) {
        if (step.kind === 'advance') await clock.advance(step.ms);
        else if (step.kind === 'token') token.mode = step.mode as typeof token.mode;
        else if (step.kind === 'flush') void client.flush();
        else
          for (let i = 0; i < step.count; i++) {
            const time =
              step.offset === null ? {} : { time: toTime(clock.now() + skewMs + step.offset) };
            outcomes.push(
              client.record(input(outcomes.length, time)).then(
                ({ batch, seq }) => `${seq} ${batch}`,
                (error: unknown) => codeOf(error) ?? String(error),
              ),
            );
          }
      }
      token.mode = 'up';
      await clock.while(client.close());
      check(w, await Promise.all(outcomes));
    }),
    { numRuns: 30 },
  );
}, 240_000);

function check({ client, stream, token, lines, taken, clock }: World, outcomes: string[]): void {
  const accepted = [...outcomes.keys()].filter((n) => outcomes[n] !== 'buffer-full');
  expect(lines().map((line) => JSON.parse(line).metadata.n)).toEqual(accepted);

  const batches = [...new Map(taken().map((batch) => [batch.id, batch])).values()];
  batches.forEach(({ id, manifest, lines }, i) => {
    expect(manifest.seq).toBe(i);
    expect(manifest.prev).toBe(batches[i - 1]?.id ?? null);
    expect(manifest.fin).toBe(i === batches.length - 1);
    for (const line of lines) {
      expect(line.kind).toBe('event');
      const { n } = JSON.parse(line.bytes.toString('utf8')).metadata;
      expect(outcomes[n]).toBe(`${i} ${id}`);
    }
  });
  if (accepted.length > 0) expect(batches.length).toBeGreaterThan(1);

  const bytes = new Map<string, string>();
  for (const { at, records } of stream.requests)
    for (const [i, { id, manifest, grant }] of openTaken(records, token.grants).entries()) {
      expect(at).toBeGreaterThanOrEqual(Date.parse(manifest.to));
      expect(at).toBeLessThan(grant.expiresAt);
      const sent = records[i]?.data.toString('base64') ?? '';
      expect(bytes.get(id + grant.id) ?? sent).toBe(sent);
      bytes.set(id + grant.id, sent);
    }

  expect(client.stats()).toMatchObject({
    recorded: accepted.length,
    accepted: accepted.length,
    batches: batches.length,
    pending: { events: 0, bytes: 0 },
  });
  expect(clock.holds).toBe(0);
}
