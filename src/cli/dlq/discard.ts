import { sha256, toTime } from '../../domain/encoding.ts';
import { audited } from '../audited.ts';
import type { Command } from '../command.ts';
import { UsageError } from '../failure.ts';
import { createDeadLetters } from './dead-letters.ts';
import { forgetNotices } from './forget-notices.ts';
import { byId } from './select.ts';

/** What one audit event can name: its targets, and its line's 64 KiB. */
const maxTargets = 50;
const maxLetters = 200;

export const discardDeadLetters: Command = {
  name: 'dlq discard',
  summary: 'give records up, with a written reason',
  options: {
    id: {
      value: 'ID',
      repeated: true,
      help: 'this one, or with no #… all of this object; may be given several times; required',
    },
    why: { value: 'TEXT', help: 'the reason, which stands in the log; required' },
    force: { help: 'records of the redrive bucket too, though followers may never hear of them' },
  },
  about: [
    `At most ${maxLetters} records at a time. Each one’s sequence number, reason and SHA-256 are recorded before anything is removed.`,
    'What waits in the redrive bucket may be stored already and only not be told in the feed: readers see its events, and exports, followers and the auditor never would. So `dlq redrive` comes first, which stores it once and tells of it; without --force it is not given up.',
    'The buckets keep versions: what was discarded can be had again until its version expires, and under Object Lock nothing but a marker is written.',
  ],
  examples: [
    'dlq discard --id quarantine/nobody/2026/11/24/83b1dd7c….ndjson#4956… --why "load test of November 23, ticket OPS-1234"',
  ],
  async run(args, session) {
    const ids = args.texts('id');
    const why = args.text('why')?.trim() ?? '';
    if (ids.length === 0) throw new UsageError('--id is missing: which ones?');
    if (why.length < 8 || why.length > 2000)
      throw new UsageError('--why "…" is missing: a reason of 8 to 2,000 characters');
    const deadLetters = createDeadLetters(session);
    const chosen = await byId(ids, deadLetters);
    const letters = chosen.flatMap((each) => each.letters);
    if (letters.length > maxLetters)
      throw new UsageError(`at most ${maxLetters} records at a time`);
    const waiting = chosen.filter(({ object: { bucket } }) => bucket === 'redrive');
    if (waiting.length > 0 && !args.flag('force'))
      throw new UsageError(
        'records of the redrive bucket may be stored, and only not be told to followers and the auditor: redrive them first (`dlq redrive`). With --force they are given up, and followers may never hear of their events',
      );
    const named = chosen.map(({ object: { bucket, key } }) => `${bucket}/${key}`.slice(0, 512));
    const buckets = new Set(chosen.map(({ object: { bucket } }) => bucket));
    const targets = (named.length > maxTargets ? [...buckets] : named).map((id) => ({
      type: 'dead-letters',
      id,
    }));
    const records = letters.map(({ sequenceNumber, code, arrival, data }) => ({
      sequenceNumber,
      code,
      arrival: toTime(arrival),
      sha256: sha256(data).toString('base64url'),
    }));
    await audited(
      session,
      { action: 'deadletter.discard', targets, reason: why, metadata: { records } },
      async () => {
        for (const { object, letters: gone } of chosen)
          await deadLetters.remove(object, new Set(gone));
        return { value: undefined };
      },
    );
    session.out.rows(
      letters.map(({ id, code }) => ({ id, reason: code, discarded: true })),
      ['reason', 'id'],
    );
    await forgetNotices(session);
  },
};
