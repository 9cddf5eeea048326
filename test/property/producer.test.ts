import fc from 'fast-check';
import { expect, test } from 'vitest';
import { judge } from '../../src/domain/judge-producer.ts';
import type { SeenBatch } from '../../src/domain/producer.ts';
import { aProducer, born, chain, heard } from '../fixture/producer-life.ts';

const options = { producer: aProducer, retentionDays: 30, now: born + 3_600_000 };

/** One honest chain and up to two that leave it, each at some place, of which some batches are withheld. */
const life = fc
  .record({
    length: fc.integer({ min: 1, max: 30 }),
    fin: fc.boolean(),
    branches: fc.array(fc.record({ after: fc.nat(30), length: fc.integer({ min: 1, max: 4 }) }), {
      maxLength: 2,
    }),
  })
  .chain(({ length, fin, branches }) => {
    const honest = chain(length, { fin });
    const forked = branches.flatMap(({ after, length: count }, i) => {
      const from = honest[after];
      return chain(count, { branch: `b${i}`, after: from });
    });
    return fc.subarray([...honest, ...forked], { minLength: 1 });
  })
  // Stored in another order than they were sent in.
  .chain((batches) =>
    fc
      .array(fc.nat(600_000), { minLength: batches.length, maxLength: batches.length })
      .map((delays) => batches.map((batch, i) => ({ ...batch, stored: born + (delays[i] ?? 0) }))),
  );

/** The same batches in another order, some of them several times. */
const shuffled = (batches: readonly SeenBatch[]) =>
  fc
    .subarray([...batches, ...batches])
    .map((repeated) => [...batches, ...repeated])
    .chain((all) => fc.shuffledSubarray(all, { minLength: all.length }));

/** Forks by their definition: numbers of two batches; else batches whose `prev` is not the one before. */
function forksByDefinition(batches: readonly SeenBatch[]): number[] {
  const ids = Map.groupBy(batches, ({ seq }) => seq);
  const distinct = (seq: number) => new Set(ids.get(seq)?.map(({ id }) => id));
  return [...ids.keys()]
    .filter((seq) => {
      if (distinct(seq).size > 1) return true;
      const [before] = distinct(seq - 1);
      return distinct(seq - 1).size === 1 && ids.get(seq)?.[0]?.prev !== before;
    })
    .sort((a, b) => a - b);
}

/** When the first batch behind a number was stored. */
function dueByDefinition(batches: readonly SeenBatch[], missing: number): number {
  return Math.min(...batches.filter(({ seq }) => seq > missing).map(({ stored }) => stored));
}

function missingByDefinition(batches: readonly SeenBatch[]): number[] {
  const seen = new Set(batches.map(({ seq }) => seq));
  return Array.from({ length: Math.max(...seen) }, (_, seq) => seq).filter((seq) => !seen.has(seq));
}

test('whatever the order and however often batches are heard of, the verdict is the same', () => {
  fc.assert(
    fc.property(
      life.chain((batches) => fc.tuple(fc.constant(batches), shuffled(batches))),
      ([batches, again]) => {
        expect(judge(heard(again), options)).toEqual(judge(heard(batches), options));
      },
    ),
    { numRuns: 2000 },
  );
});

test('a verdict’s gaps and forks are those of the definition', () => {
  fc.assert(
    fc.property(life, (batches) => {
      const { gaps, forks, head, fin } = judge(heard(batches), options);
      const missing = gaps.flatMap(({ from, to }) =>
        Array.from({ length: to - from + 1 }, (_, i) => from + i),
      );
      expect(missing).toEqual(missingByDefinition(batches));
      for (const { to, since } of gaps) expect(since).toBe(dueByDefinition(batches, to));
      expect(forks).toEqual(forksByDefinition(batches));
      expect(head?.seq ?? -1).toBe(
        (missing[0] ?? Math.max(...batches.map(({ seq }) => seq)) + 1) - 1,
      );
      expect(fin).toBe(batches.find((batch) => batch.fin)?.seq);
    }),
    { numRuns: 2000 },
  );
});
