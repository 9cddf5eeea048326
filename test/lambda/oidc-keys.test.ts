import { expect, test } from 'vitest';
import { setUp } from './token-harness.ts';

const second = 1000;
const minute = 60 * second;

test('a flood of unknown keys is refused, and the issuer is asked once in thirty seconds', async () => {
  const { token, addKey, outcome, state } = await setUp();
  await outcome(await token());
  await addKey('forged');
  state.jwks.pop();
  const forged = await token({}, { kid: 'forged' });
  const askedForKeys = () => state.asked.filter((url) => url.endsWith('/keys')).length;
  for (const now of [0, 1, 15 * second, 29_999]) {
    state.now = 1_700_000_000_000 + now;
    for (let i = 0; i < 5; i++) expect(await outcome(forged)).toBe('unauthenticated');
    expect(askedForKeys()).toBe(1);
  }
  state.now = 1_700_000_000_000 + 30 * second;
  expect(await Promise.all([1, 2, 3].map(() => outcome(forged)))).toEqual(
    Array(3).fill('unauthenticated'),
  );
  expect(askedForKeys()).toBe(2);
});

test('a new key is found thirty seconds after the last look at the latest, with one look', async () => {
  const { token, addKey, outcome, state } = await setUp();
  await outcome(await token());
  await addKey('two');
  const fresh = await token({}, { kid: 'two' });
  expect(await outcome(fresh)).toBe('unauthenticated');
  state.now += 30 * second;
  expect(await outcome(fresh)).toBe('accepted');
  expect(await outcome(await token())).toBe('accepted');
  expect(state.asked).toHaveLength(4);
});

test('a key that was withdrawn is good for ten minutes at most', async () => {
  const { token, addKey, outcome, state } = await setUp();
  await outcome(await token());
  await addKey('two', { replace: true });
  const old = await token({ exp: Math.floor(state.now / 1000) + 3600 });
  state.now += 10 * minute - 1;
  expect(await outcome(old)).toBe('accepted');
  state.now += 1;
  expect(await outcome(old)).toBe('unauthenticated');
});

test('while the issuer is down the keys known go on for a day, and it is asked twice a minute', async () => {
  const { token, outcome, state } = await setUp();
  await outcome(await token());
  state.down = true;
  state.asked.length = 0;
  const begin = state.now;
  for (const later of [10 * minute, 10 * minute + 29_999, 24 * 60 * minute - 1]) {
    state.now = begin + later;
    expect(await outcome(await token())).toBe('accepted');
  }
  expect(state.asked).toHaveLength(2);
  state.now = begin + 24 * 60 * minute;
  expect(await outcome(await token())).toBe('unavailable');
  state.down = false;
  state.now += 2 * second;
  expect(await outcome(await token())).toBe('accepted');
});

test('while nothing is known of an issuer that is down, that is said, and it is asked every two seconds', async () => {
  const { token, outcome, state } = await setUp();
  state.down = true;
  for (let i = 0; i < 5; i++) expect(await outcome(await token())).toBe('unavailable');
  expect(state.asked).toHaveLength(1);
  state.down = false;
  state.now += 2 * second;
  expect(await outcome(await token())).toBe('accepted');
});

test('a token of a key that could not be asked for is not called wrong', async () => {
  const { token, addKey, outcome, state } = await setUp();
  await outcome(await token());
  await addKey('two');
  state.down = true;
  state.now += 30 * second;
  const fresh = await token({}, { kid: 'two' });
  for (let i = 0; i < 3; i++) expect(await outcome(fresh)).toBe('unavailable');
  expect(await outcome(await token())).toBe('accepted');
  state.down = false;
  state.now += 30 * second;
  expect(await outcome(fresh)).toBe('accepted');
});

test('an empty or malformed set of keys is no set: those known go on', async () => {
  const { token, outcome, state } = await setUp();
  await outcome(await token());
  state.now += 10 * minute;
  state.jwks = [];
  expect(await outcome(await token())).toBe('accepted');
});
