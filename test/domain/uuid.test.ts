import fc from 'fast-check';
import { expect, test } from 'vitest';
import { timeOfUuid, uuidSource, uuidV7, uuidV7Pattern } from '../../src/domain/uuid.ts';

const times = fc.integer({ min: 0, max: 253_402_300_799_999 });

test('an id has the form of a UUIDv7 and holds its time, whatever its other bits are', () => {
  fc.assert(
    fc.property(times, fc.uint8Array({ minLength: 10, maxLength: 10 }), (ms, bits) => {
      const id = uuidV7(ms, bits);
      expect(id).toMatch(uuidV7Pattern);
      expect(timeOfUuid(id)).toBe(ms);
    }),
  );
});

test('the example of RFC 9562 is made of its parts', () => {
  const bits = Buffer.from('0cc318c4dc0c0c07398f', 'hex'); // rand_a cc3, then 01 + 62 bits
  expect(uuidV7(0x017f22e279b0, bits)).toBe('017f22e2-79b0-7cc3-98c4-dc0c0c07398f');
});

test('minted ids keep the order of their times', () => {
  fc.assert(
    fc.property(fc.array(times, { minLength: 2, maxLength: 50 }), (all) => {
      const mint = uuidSource();
      const ids = all.sort((a, b) => a - b).map(mint);
      expect(ids).toEqual([...ids].sort());
      expect(ids.map(timeOfUuid)).toEqual(all);
    }),
  );
});

test.each([
  ['random bits', undefined],
  ['bits that are all ones', (pool: Uint8Array) => pool.fill(0xff)],
  ['bits that are all zeros', (pool: Uint8Array) => pool.fill(0)],
])('100,000 ids of one millisecond strictly increase, from %s', (_, fill) => {
  const mint = uuidSource(fill);
  let last = '';
  for (let i = 0; i < 100_000; i++) {
    const id = mint(1_700_000_000_000);
    if (id <= last || !uuidV7Pattern.test(id)) expect.fail(`${id} after ${last}`);
    last = id;
  }
  expect(timeOfUuid(last)).toBe(1_700_000_000_000);
});

test('sources do not make the same ids', () => {
  const [one, other] = [uuidSource(), uuidSource()];
  const ids = Array.from({ length: 1000 }, (_, i) => [one(i >> 3), other(i >> 3)]).flat();
  expect(new Set(ids).size).toBe(2000);
});
