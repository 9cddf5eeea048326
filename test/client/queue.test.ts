import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { Queue } from '../../src/client/queue.ts';

test('items come out in the order in which they went in', () => {
  const queue = new Queue<number>();
  const out: (number | undefined)[] = [];
  for (let i = 0; i < 5000; i++) {
    queue.push(i);
    if (i % 3 > 0) out.push(queue.shift());
  }
  expect(queue.first).toBe(out.length);
  expect([...queue]).toHaveLength(queue.length);
  out.push(...queue.drain());
  expect(out).toEqual([...Array(5000).keys()]);
  expect(queue.shift()).toBeUndefined();
});

test('a queue lets go of what was taken from it', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const queue = new Queue<object>();
  queue.push({});
  queue.push({});
  const taken = new WeakRef(queue.shift() ?? {});
  await new Promise(setImmediate); // a WeakRef keeps its target until the end of the turn
  collect();
  expect(taken.deref()).toBeUndefined();
  expect(queue.length).toBe(1);
});
