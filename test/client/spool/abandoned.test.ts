import { expect, test } from 'vitest';
import type { SpoolFiles } from '../../../src/client/spool/files.ts';
import { encodeFrame, type Frame } from '../../../src/client/spool/frame.ts';
import { recover } from '../../../src/client/spool/recover.ts';
import { SegmentWriter } from '../../../src/client/spool/segment-writer.ts';
import { MemoryDisk } from '../../fake/memory-disk.ts';

const folder = '/spool';
const producer = '0199c3a5-0000-7000-8000-000000000001';
const time = '2026-03-01T12:00:00.000Z';

const entry = (number: number): Frame => ({ kind: 'entry', number, line: Buffer.from('{}') });
const batch = (seq: number): Frame => ({
  kind: 'batch',
  batch: {
    ...{ id: `id-${seq}`, client: 'billing', producer, seq, prev: seq === 0 ? null : 'x' },
    ...{ root: 'r', first: seq, end: seq + 1, count: 1, from: time, to: time, sealed: time },
    fin: false,
  },
});
const delivered = (seq: number): Frame => ({ kind: 'delivered', producer, seq });

async function open(files: SpoolFiles) {
  const { state } = recover(folder, files);
  const writer = new SegmentWriter(state, {
    ...{ folder, files, segmentBytes: 1_000_000, onRoom: () => {}, onFailure: () => {} },
  });
  const write = (...frames: Frame[]) =>
    writer.write(frames, Buffer.concat(frames.map(encodeFrame)));
  return { state, writer, write };
}

test('what was delivered stays so when its segment is abandoned, and the boundary lies in one that is kept', async () => {
  const disk = new MemoryDisk();
  const first = await open(disk.mount());
  await first.write(entry(0), entry(1), entry(2), batch(0), batch(1), batch(2));
  await first.writer.stop();

  const second = await open(disk.mount());
  await second.write(entry(7));
  await second.write(delivered(0), delivered(1));
  disk.fate = ({ kind }) => (kind === 'sync' ? { kind: 'failed', code: 'EIO' } : { kind: 'done' });
  await expect(second.write(entry(8))).rejects.toThrow('EIO');
  disk.fate = () => ({ kind: 'done' });
  await second.write(entry(9));
  await second.writer.stop();

  const left = recover(folder, disk.mount());
  expect([...left.state.outstanding.values()].map((each) => each.batch.seq)).toEqual([2]);
});
