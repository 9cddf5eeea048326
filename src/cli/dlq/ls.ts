import { toTime } from '../../domain/encoding.ts';
import type { Command } from '../command.ts';
import type { Row } from '../output.ts';
import { createDeadLetters } from './dead-letters.ts';
import type { Letter } from './letter.ts';
import { chooser, isChosen, selectOptions } from './select.ts';

const { reason, 'older-than': older, 'newer-than': newer } = selectOptions;

export const listDeadLetters: Command = {
  name: 'dlq ls',
  summary: 'count what was not stored by reason, or show each one',
  options: {
    ...(reason && { reason }),
    ...(older && { 'older-than': older }),
    ...(newer && { 'newer-than': newer }),
  },
  about: [
    'Without options: reasons with their counts. With any: the dead letters to which all of them apply, one a line, with the id that `show`, `redrive` and `discard` take.',
    'Everything is read from the two buckets, which keep it for as long as the longest retention.',
  ],
  examples: ['dlq ls', 'dlq ls --reason grant-expired --newer-than 2h'],
  async run(args, session) {
    const { out, now } = session;
    const each = isChosen(args);
    const isMeant = chooser(args, now());
    const rows: Row[] = [];
    const reasons = new Map<string, { count: number; oldest: number; newest: number }>();
    let odd = 0;
    const objects = createDeadLetters(session).objects((read, of) =>
      out.progress(`read ${read} of ${of} objects`),
    );
    for await (const { bucket, key, contents, odd: why } of objects) {
      if (contents === undefined) {
        odd += 1;
        out.note(`${bucket}/${key} is of no known form: ${why}`);
      }
      for (const letter of contents?.letters.filter(isMeant) ?? []) {
        if (each) rows.push(rowOf(letter));
        const { count, oldest, newest } = reasons.get(letter.code) ?? {
          count: 0,
          oldest: Number.POSITIVE_INFINITY,
          newest: 0,
        };
        reasons.set(letter.code, {
          count: count + 1,
          oldest: Math.min(oldest, letter.arrival),
          newest: Math.max(newest, letter.arrival),
        });
      }
    }
    if (each) out.rows(rows, ['arrival', 'reason', 'tenant', 'bytes', 'attempts', 'id']);
    else out.rows(summary(reasons), ['reason', 'count', 'oldest', 'newest']);
    if (reasons.size === 0) out.say('There are no such dead letters.');
    if (odd > 0) out.note(`${odd} object(s) are neither the consumer's nor Lambda's`);
  },
};

function rowOf({ id, code, arrival, tenant, data, attempts, copies }: Letter): Row {
  return {
    arrival: toTime(arrival),
    reason: code,
    ...(tenant !== undefined && { tenant }),
    bytes: data.length,
    attempts,
    ...(copies !== undefined && { copies }),
    id,
  };
}

function summary(
  reasons: ReadonlyMap<string, { count: number; oldest: number; newest: number }>,
): Row[] {
  return [...reasons]
    .sort(([a, { count: left }], [b, { count: right }]) => right - left || (a < b ? -1 : 1))
    .map(([code, { count, oldest, newest }]) => ({
      reason: code,
      count,
      oldest: toTime(oldest),
      newest: toTime(newest),
    }));
}
