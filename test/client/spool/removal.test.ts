import { setTimeout as later } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { SegmentWriter } from '../../../src/client/spool/segment-writer.ts';
import type { SpoolState } from '../../../src/client/spool/spool-state.ts';
import { MemoryDisk } from '../../fake/memory-disk.ts';

const unhandled: unknown[] = [];
const note = (error: unknown) => unhandled.push(error);
afterEach(() => {
  process.off('unhandledRejection', note);
});

test('a segment that cannot be removed is told, though an earlier one is still being removed', async () => {
  process.on('unhandledRejection', note);
  const segments = [1, 2, 3].map((number) => ({
    ...{ number, path: `/spool/${number}`, size: 10, lastEntry: number },
    ...{ isCut: false, isDamaged: false },
  }));
  const state: SpoolState = {
    ...{ segments, owner: undefined, chain: undefined },
    ...{ nextEntry: 10, nextUnbatched: 10, outstanding: new Map() },
  };
  let finish = () => {};
  const slow = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const failures: string[] = [];
  const writer = new SegmentWriter(state, {
    folder: '/spool',
    files: {
      ...new MemoryDisk().mount(),
      async remove(path) {
        if (path === '/spool/1') await slow;
        else throw new Error(`EROFS: ${path}`);
      },
    },
    segmentBytes: 1000,
    onFailure: (error) => failures.push((error as Error).message),
    onRoom: () => {},
  });
  writer.release();
  await later(1);
  finish();
  await writer.removed();
  expect(failures).toEqual(['EROFS: /spool/2']);
  expect(unhandled).toEqual([]);
});
