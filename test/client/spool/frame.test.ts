import { randomBytes } from 'node:crypto';
import * as zlib from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { crc32, crc32ByTable } from '../../../src/client/spool/crc32.ts';
import {
  decodeFrames,
  encodeFrame,
  entryFrameSize,
  type Frame,
  frameOverhead,
} from '../../../src/client/spool/frame.ts';

const line = Buffer.from('{"id":"0"}');
const frames: Frame[] = [
  { kind: 'header', header: { v: 1, nextEntry: 7, nextUnbatched: 5, cuts: [[3, 120]] } },
  { kind: 'entry', number: 2 ** 40, line },
  { kind: 'delivered', producer: 'p', seq: 3 },
];
const encoded = frames.map(encodeFrame);
const bytes = Buffer.concat(encoded);
const read = (from: Buffer) => [...decodeFrames(from)].map(({ frame }) => frame);

test('frames are read as they were written, and their size is known before', () => {
  expect(read(bytes)).toEqual(frames);
  expect(encoded[1]?.length).toBe(entryFrameSize(line));
  expect(entryFrameSize(line)).toBe(frameOverhead + 6 + line.length);
});

test('torn anywhere, what is before the tear is read, and nothing behind it', () => {
  for (let length = 0; length <= bytes.length; length++) {
    const whole = frames.filter((_, i) => Buffer.concat(encoded.slice(0, i + 1)).length <= length);
    expect(read(bytes.subarray(0, length))).toEqual(whole);
    const zeroed = Buffer.from(bytes).fill(0, length);
    expect(read(zeroed)).toEqual(length === bytes.length ? frames : whole);
  }
});

test('a frame with any bit changed is not read', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: bytes.length * 8 - 1 }), (bit) => {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      const found = read(changed);
      expect(found.length).toBeLessThan(frames.length);
      expect(found).toEqual(frames.slice(0, found.length));
    }),
  );
});

test('where Node has no crc32, the table gives the same', () => {
  expect(crc32ByTable(Buffer.from('123456789'))).toBe(0xcbf43926);
  for (const length of [0, 1, 1000]) {
    const some = randomBytes(length);
    expect(crc32(some)).toBe(crc32ByTable(some));
    if ('crc32' in zlib) expect(zlib.crc32(some)).toBe(crc32ByTable(some));
  }
});
