import { describe, expect, test } from 'vitest';
import { judge, needsWatch } from '../../src/domain/judge-producer.ts';
import { aProducer, born, chain, heard } from '../fixture/producer-life.ts';

const day = 86_400_000;
const hour = 3_600_000;
const options = { producer: aProducer, retentionDays: 30, now: born + 60_000 };
const without = <T>(list: readonly T[], ...places: number[]) =>
  list.filter((_, i) => !places.includes(i));

describe('a producer of whom all was heard', () => {
  const life = chain(5, { fin: true });

  test('has its last batch as head, no gap and no fork, and is finished', () => {
    expect(judge(heard(life), options)).toMatchObject({
      head: { seq: 4, id: life[4]?.id },
      gaps: [],
      forks: [],
      fin: 4,
      status: 'finished',
      lastSeen: born + 4000,
    });
  });

  test('needs no eye any more', () => {
    expect(needsWatch(judge(heard(life), options), options.now)).toBe(false);
  });

  test('is not changed by hearing it all again', () => {
    expect(judge(heard([...life, ...life, ...life]), options)).toEqual(judge(heard(life), options));
  });
});

describe('what is missing', () => {
  test('is a gap since a batch behind it was stored, and the head stands before it', () => {
    const life = chain(9);
    expect(judge(heard(without(life, 2, 5, 6)), options)).toMatchObject({
      head: { seq: 1, id: life[1]?.id },
      gaps: [
        { from: 2, to: 2, since: born + 3000 },
        { from: 5, to: 6, since: born + 7000 },
      ],
    });
  });

  test('is a gap at the beginning too, and then there is no head', () => {
    expect(judge(heard(chain(3).slice(2)), options)).toMatchObject({
      head: undefined,
      gaps: [{ from: 0, to: 1 }],
    });
  });

  test('is no gap once it came', () => {
    const life = chain(9);
    const state = heard([...without(life, 2, 5, 6), ...[5, 2, 6].flatMap((i) => life[i] ?? [])]);
    expect(judge(state, options)).toMatchObject({ head: { seq: 8 }, gaps: [], forks: [] });
  });

  test('is expired, and no gap, when retention would have taken it by now', () => {
    const later = { ...options, now: born + 7000 + 30 * day };
    const verdict = judge(heard(without(chain(9), 2, 5, 6)), later);
    expect(verdict).toMatchObject({
      head: { seq: 8 },
      gaps: [],
      expired: [{ from: 2 }, { from: 5, to: 6 }],
    });
    expect(needsWatch(verdict, later.now)).toBe(false);
    expect(judge(heard(without(chain(9), 2, 5, 6)), { ...later, now: later.now - 1 }).gaps).toEqual(
      [{ from: 5, to: 6, since: born + 7000 }],
    );
  });

  test('is expired when the first batch heard of came when the producer was older than retention', () => {
    const late = chain(9)
      .slice(5)
      .map((batch) => ({ ...batch, stored: batch.stored + 30 * day }));
    const verdict = judge(heard(late), { ...options, now: born + 30 * day + 9000 });
    expect(verdict).toMatchObject({ head: { seq: 8 }, gaps: [], expired: [{ from: 0, to: 4 }] });
  });
});

describe('a fork', () => {
  const life = chain(6);

  test('is a number that two batches bear, told once', () => {
    const other = chain(2, { branch: 'b', after: life[2] });
    expect(judge(heard([...life, ...other, ...other]), options).forks).toEqual([3, 4]);
  });

  test('far behind the head is seen as well', () => {
    const long = chain(3000);
    const other = chain(1, { branch: 'b', after: long[4] });
    expect(judge(heard([...long, ...other]), options).forks).toEqual([5]);
  });

  test('is a batch that follows another one than was seen, whichever comes first', () => {
    const other = chain(2, { branch: 'b', after: life[1] });
    const broken = [...life.slice(0, 3), ...other.slice(1)];
    expect(judge(heard(broken), options).forks).toEqual([3]);
    expect(judge(heard(broken.toReversed()), options).forks).toEqual([3]);
  });

  test('is not a batch of an honest chain that comes before its predecessor', () => {
    expect(judge(heard(life.toReversed()), options).forks).toEqual([]);
  });

  test('is listed up to 64 times, then it is said that there are more', () => {
    const other = chain(100, { branch: 'b' });
    const verdict = judge(heard([...chain(100), ...other]), options);
    expect(verdict.forks).toEqual(Array.from({ length: 64 }, (_, i) => i));
    expect(verdict.moreForks).toBe(true);
  });
});

describe('a producer that fell silent', () => {
  const state = heard(chain(2));
  const at = (now: number) => judge(state, { ...options, now });

  test('is unfinished when its last grant must have been over for an hour', () => {
    expect(at(born + 1000 + 2 * hour - 1).status).toBe('open');
    expect(at(born + 1000 + 2 * hour).status).toBe('unfinished');
  });

  test('needs an eye for a day more', () => {
    const until = born + 1000 + 26 * hour;
    expect(needsWatch(at(until - 1), until - 1)).toBe(true);
    expect(needsWatch(at(until), until)).toBe(false);
  });
});

describe('more gaps than are kept', () => {
  const odd = chain(2602).filter(({ seq }) => seq % 2 === 1);
  const even = chain(2602).filter(({ seq }) => seq % 2 === 0);

  test('are counted, with the time since when', () => {
    const marks = new Map<number, string>();
    const state = heard(odd, undefined, marks);
    const verdict = judge(state, options);
    const listed = verdict.gaps.length;
    expect(listed).toBe(1000);
    expect(listed + (verdict.unlisted?.count ?? 0)).toBe(1301);
    expect(verdict.unlisted?.since).toBe(born + 3000);
    expect(verdict.head).toBeUndefined();
    expect(JSON.stringify(state).length).toBeLessThan(200_000);
  });

  test('close all the same when what is missing comes', () => {
    const marks = new Map<number, string>();
    const verdict = judge(heard(even, heard(odd, undefined, marks), marks), options);
    expect(verdict).toMatchObject({
      head: { seq: 2601 },
      gaps: [],
      unlisted: undefined,
      forks: [],
    });
  });
});
