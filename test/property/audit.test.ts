import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SeenBatch } from '../../src/domain/producer.ts';
import { auditorHarness } from '../auditor/harness.ts';
import { MemoryProducers } from '../fake/memory-producers.ts';
import { chain } from '../fixture/producer-life.ts';

const honest = chain(6, { fin: true });
const forked = [...honest, ...chain(3, { branch: 'b', after: honest[1] })];

/** Some of the batches, each at least once, in any order, as any number of feed items; and after which of them runs happen. */
const story = fc
  .tuple(fc.constantFrom(honest, forked), fc.integer({ min: 1, max: 6 }))
  .chain(([life, count]) => fc.subarray(life, { minLength: count, maxLength: life.length }))
  .chain((batches) =>
    fc.record({
      batches: fc.constant(batches),
      sent: fc.shuffledSubarray([...batches, ...batches], { minLength: batches.length * 2 }),
      chunks: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 100, maxLength: 100 }),
      runs: fc.array(fc.constantFrom('none', 'one', 'two at once', 'two at once', 'cut off'), {
        minLength: 100,
        maxLength: 100,
      }),
      cut: fc.infiniteStream(fc.nat(6)),
    }),
  );

const told = async (auditor: ReturnType<typeof auditorHarness>) => {
  const verdict = await auditor.verdict();
  // When it was heard of is another matter.
  return { ...verdict, lastSeen: 0, gaps: verdict?.gaps.map(({ from, to }) => ({ from, to })) };
};

test('in whatever order, pieces and repetitions the feed tells, and however runs overlap or end, the verdict is the same', async () => {
  await fc.assert(
    fc.asyncProperty(story, fc.scheduler(), async ({ batches, sent, chunks, runs, cut }, s) => {
      const plain = auditorHarness();
      await plain.store(batches);
      await plain.run();

      const auditor = auditorHarness(new MemoryProducers());
      let open: readonly SeenBatch[] = sent;
      let chunk = 0;
      const storeNext = async () => {
        const count = chunks[chunk++] ?? 1;
        if (open.length > 0) await auditor.store(open.slice(0, count));
        open = open.slice(count);
      };
      for (let i = 0; open.length > 0; i++) {
        await storeNext();
        const kind = runs[i];
        if (kind === 'one') await auditor.run();
        if (kind === 'two at once') {
          auditor.producers.trap = (what) => s.schedule(Promise.resolve(), what);
          const first = auditor.run();
          // The first run has seen its page of the feed, and waits; the second sees more.
          await new Promise(setImmediate);
          await storeNext();
          await s.waitFor(Promise.all([first, auditor.run()]));
        }
        if (kind === 'cut off') {
          let left: number = cut.next().value ?? 0;
          auditor.producers.trap = () => {
            if (left-- === 0) throw new Error('out of time');
          };
          await auditor.run();
        }
        auditor.producers.trap = () => {};
      }
      await auditor.run();
      expect(await told(auditor)).toEqual(await told(plain));
    }),
    { numRuns: 1500 },
  );
});
