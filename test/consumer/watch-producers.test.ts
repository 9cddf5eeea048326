import { expect, test } from 'vitest';
import { watchProducers } from '../../src/consumer/watch-producers.ts';
import { anyBatch } from '../fixture/stored-batch.ts';

test('two batches of one producer with one number are a fork; everything else is none', () => {
  const count = watchProducers();
  const batch = anyBatch();
  expect(count([batch, batch])).toBe(0);
  expect(count([{ ...batch, arrival: 1 }])).toBe(0);
  const { producer } = anyBatch({ producer: '018bcfe5-6800-7000-8000-000000000002' });
  expect(
    count([anyBatch({ seq: 8 }), anyBatch({ tenant: 'globex' }), anyBatch({ producer })]),
  ).toBe(0);
  expect(count([anyBatch()])).toBe(1);
  expect(count([anyBatch(), anyBatch({ seq: 8 })])).toBe(2);
});

test('it remembers within bounds', () => {
  const count = watchProducers();
  const first = anyBatch();
  count([first]);
  const { id } = anyBatch();
  count(Array.from({ length: 50_000 }, (_, seq) => ({ ...first, id, seq: 1000 + seq })));
  expect(count([anyBatch()])).toBe(0); // forgotten
});
