import { setTimeout as sleep } from 'node:timers/promises';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { z } from 'zod';
import type { RedriveEvent } from '../../consumer/redrive.ts';
import { describeError } from '../describe-error.ts';
import type { Session } from '../session.ts';
import { type Letter, toRecord } from './letter.ts';

/** What became of a letter. Only an `untouched` one still lies where it lay, and nowhere else. */
export type Fate =
  | { readonly kind: 'stored' }
  /** In the buckets again, under another key and with its attempts counted. */
  | { readonly kind: 'put-aside'; readonly code: string }
  | { readonly kind: 'untouched'; readonly why: string };

const answerSchema = z.object({
  batchItemFailures: z.array(z.object({ itemIdentifier: z.string() })),
  putAside: z.array(z.object({ itemIdentifier: z.string(), code: z.string() })),
});

/** Tries of a single record, and pauses between them, ms. */
const tries = 3;
const pauses = [200, 1000];
/** Records that could not be done, and none that could, after which the rest is not tried. */
const enough = 3;

/**
 * Hands letters to the consumer, with the arrival that each had, and says what became of each. A part that gets
 * nowhere is halved, so that one bad record does not keep its neighbours; a single one is tried three times.
 */
export async function redriveLetters(
  letters: readonly Letter[],
  session: Session,
): Promise<Map<Letter, Fate>> {
  const fates = new Map<Letter, Fate>();
  const work: { readonly part: readonly Letter[]; readonly tried: number }[] = [
    { part: letters, tried: 0 },
  ];
  for (let next = work.shift(); next !== undefined; next = work.shift()) {
    const { part, tried } = next;
    const { done, why } = await invoke(part, session);
    for (const [i, fate] of done.entries()) fates.set(part[i] as Letter, fate);
    const left = part.slice(done.length);
    if (left.length === 0) continue;
    if (done.length > 0) {
      work.unshift({ part: left, tried: 0 });
    } else if (left.length > 1) {
      const middle = Math.ceil(left.length / 2);
      work.unshift(
        { part: left.slice(0, middle), tried: 0 },
        { part: left.slice(middle), tried: 0 },
      );
    } else if (tried + 1 < tries) {
      await sleep(pauses[tried]);
      work.unshift({ part: left, tried: tried + 1 });
    } else {
      fates.set(left[0] as Letter, { kind: 'untouched', why });
      // Where nothing gets through, the consumer is broken: to go on would only take long.
      const all = [...fates.values()];
      if (all.length >= enough && all.every(({ kind }) => kind === 'untouched')) {
        for (const { part: rest } of work.splice(0))
          for (const letter of rest) fates.set(letter, { kind: 'untouched', why });
      }
    }
  }
  return fates;
}

/** One invocation: the fates of those before the first that is not done, and why that one is not. */
async function invoke(
  letters: readonly Letter[],
  { aws, outputs }: Session,
): Promise<{ readonly done: readonly Fate[]; readonly why: string }> {
  const event: RedriveEvent = {
    Records: letters.map(toRecord),
    redriven: letters.map(({ attempts }) => attempts + 1),
  };
  try {
    const { FunctionError: failed, Payload } = await aws.lambda.send(
      new InvokeCommand({
        FunctionName: outputs.ConsumerFunction,
        Payload: Buffer.from(JSON.stringify(event)),
      }),
    );
    const text = Payload?.transformToString() ?? '';
    if (failed !== undefined)
      return { done: [], why: `the consumer failed: ${text.slice(0, 300)}` };
    const { batchItemFailures, putAside } = answerSchema.parse(JSON.parse(text));
    const undone = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    const first = letters.findIndex(({ sequenceNumber }) => undone.has(sequenceNumber));
    // A name that none of them has: nothing is known to be done.
    if (undone.size > 0 && first === -1)
      return { done: [], why: 'the consumer names another record' };
    const before = first === -1 ? letters : letters.slice(0, first);
    const codes = new Map(putAside.map(({ itemIdentifier, code }) => [itemIdentifier, code]));
    const done = before.map(({ sequenceNumber }): Fate => {
      const code = codes.get(sequenceNumber);
      return code === undefined ? { kind: 'stored' } : { kind: 'put-aside', code };
    });
    return { done, why: 'the consumer could not store it now: its log says why' };
  } catch (error) {
    return { done: [], why: describeError(error) };
  }
}
