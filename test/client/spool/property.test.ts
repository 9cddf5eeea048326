import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AuditClient } from '../../../src/client/client.ts';
import type { Fate } from '../../fake/event-stream.ts';
import type { DiskFate } from '../../fake/memory-disk.ts';
import { input } from '../../fixture/audit-client.ts';
import { type SpooledWorld, spooledWorld } from '../../fixture/spooled-client.ts';

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('record' as const),
      count: fc.integer({ min: 1, max: 12 }),
      bytes: fc.constantFrom(0, 0, 20_000),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('advance' as const),
      ms: fc.constantFrom(0, 1, 60, 500, 5000, 300_000),
    }),
  },
  { weight: 2, arbitrary: fc.constantFrom({ kind: 'kill' as const }, { kind: 'power' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('token' as const),
      mode: fc.constantFrom('up' as const, 'up' as const, 'down' as const),
    }),
  },
);

const fate: fc.Arbitrary<Fate> = fc.oneof(
  fc.constant({ kind: 'taken' as const }),
  fc.constant({ kind: 'lost' as const }),
  fc.constant({ kind: 'hangs' as const }),
  fc.constant({ kind: 'failed' as const, name: 'ExpiredTokenException' }),
  fc.constant({ kind: 'taken' as const, except: (_: unknown, index: number) => index % 2 === 0 }),
);

const diskFate: fc.Arbitrary<DiskFate> = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ kind: 'done' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'failed' as const, code: 'EIO' }) },
  {
    weight: 1,
    arbitrary: fc
      .integer({ min: 0, max: 700 })
      .map((bytes) => ({ kind: 'torn' as const, code: 'ENOSPC', bytes })),
  },
);

const scenario = fc.record({
  steps: fc.array(step, { minLength: 3, maxLength: 30 }),
  fates: fc.array(fate, { maxLength: 20 }),
  diskFates: fc.array(diskFate, { maxLength: 60 }),
  chances: fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 3, maxLength: 9 }),
  options: fc.record({
    lingerMs: fc.constantFrom(0, 10, 5000),
    maxBatchEvents: fc.integer({ min: 1, max: 8 }),
    maxBufferEvents: fc.constantFrom(3, 20, 1000),
    onFull: fc.constantFrom('wait' as const, 'reject' as const),
  }),
});

test('whatever fails, what was durable is on the stream, once, in chains without gap or fork', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async ({ steps, fates, diskFates, chances, options }) => {
      let drawn = 0;
      const chance = () => chances[drawn++ % chances.length] ?? 0.5;
      const world = spooledWorld({ ...options, closeTimeoutMs: 86_400_000 }, chance);
      const { clock, disk, stream, token } = world;
      stream.fate = ({ number }) => fates[number] ?? { kind: 'taken' };
      disk.fate = () => diskFates[disk.calls.length - 1] ?? { kind: 'done' };
      const outcomes = new Map<number, 'durable' | 'refused'>();
      try {
        let client = world.open();
        let n = 0;
        for (const step of steps) {
          if (step.kind === 'advance') await clock.advance(step.ms);
          else if (step.kind === 'token') token.mode = step.mode;
          else if (step.kind === 'record')
            for (let i = 0; i < step.count; i++) record(client, n++, step.bytes, outcomes);
          else {
            if (step.kind === 'kill') world.kill();
            else world.losePower(chance);
            client = world.open();
          }
        }
        token.mode = 'up';
        await clock.while(client.close());
        check(world, outcomes);
      } finally {
        world.kill();
        world.remove();
      }
    }),
    { numRuns: 25 },
  );
}, 240_000);

function record(
  client: AuditClient,
  n: number,
  bytes: number,
  outcomes: Map<number, 'durable' | 'refused'>,
): void {
  void client
    .record(input(n, { metadata: { n, x: 'x'.repeat(bytes) } }), { until: 'durable' })
    .then(
      () => outcomes.set(n, 'durable'),
      () => outcomes.set(n, 'refused'),
    );
}

function check(world: SpooledWorld, outcomes: ReadonlyMap<number, 'durable' | 'refused'>): void {
  const numbers = world.numbers();
  expect(new Set(numbers).size).toBe(numbers.length);
  for (const [n, outcome] of outcomes) if (outcome === 'durable') expect(numbers).toContain(n);
  const chains = Map.groupBy(world.taken(), ({ manifest }) => manifest.producer);
  for (const chain of chains.values()) {
    chain.sort((a, b) => a.manifest.seq - b.manifest.seq);
    chain.forEach(({ manifest }, i) => {
      expect(manifest).toMatchObject({ seq: i, prev: chain[i - 1]?.id ?? null });
      expect(manifest.fin).toBe(i === chain.length - 1);
    });
  }
}
