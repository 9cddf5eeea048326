import { Failure, UsageError } from '../failure.ts';
import type { Option } from '../option.ts';
import type { Args } from '../read-args.ts';
import type { Session } from '../session.ts';
import { createDeadLetters, type DeadLetters, type DeadObject, parseId } from './dead-letters.ts';
import type { Letter } from './letter.ts';

/** Letters of one object that are meant. */
export interface Selected {
  readonly object: DeadObject;
  readonly letters: readonly Letter[];
}

export const selectOptions: Readonly<Record<string, Option>> = {
  reason: {
    value: 'CODE',
    repeated: true,
    help: 'those of this reason, as `dlq ls` shows it; may be given several times',
  },
  'older-than': { value: 'TIME', help: 'those that arrived longer ago than 90s, 15m, 2h or 7d' },
  'newer-than': { value: 'TIME', help: 'those that arrived since then' },
  id: {
    value: 'ID',
    repeated: true,
    help: 'this one, or with no #… all of this object; may be given several times',
  },
};

/** Which letters are meant by the options above: those to which all of them apply. */
export function chooser(args: Args, now: number): (letter: Letter) => boolean {
  const reasons = args.texts('reason');
  const older = args.duration('older-than');
  const newer = args.duration('newer-than');
  return ({ code, arrival }) =>
    (reasons.length === 0 || reasons.includes(code)) &&
    (older === undefined || arrival < now - older) &&
    (newer === undefined || arrival > now - newer);
}

/** Whether any of the options is given. */
export function isChosen(args: Args): boolean {
  const { duration, texts } = args;
  return (
    [...texts('reason'), ...texts('id')].length > 0 ||
    duration('older-than') !== undefined ||
    duration('newer-than') !== undefined
  );
}

/** The letters that the options mean, object by object. Throws for an id that is not there. */
export async function* select(args: Args, session: Session): AsyncGenerator<Selected> {
  const letters = createDeadLetters(session);
  const isMeant = chooser(args, session.now());
  const ids = args.texts('id');
  if (ids.length > 0) {
    for (const { object, letters: named } of await byId(ids, letters))
      yield { object, letters: named.filter(isMeant) };
    return;
  }
  const objects = letters.objects((read, of) =>
    session.out.progress(`read ${read} of ${of} objects`),
  );
  for await (const object of objects) {
    if (object.contents === undefined)
      session.out.note(`${object.bucket}/${object.key} is passed over: ${object.odd}`);
    const meant = object.contents?.letters.filter(isMeant) ?? [];
    if (meant.length > 0) yield { object, letters: meant };
  }
}

/** Every one of these, or a Failure that names those that are not there. */
export async function byId(ids: readonly string[], letters: DeadLetters): Promise<Selected[]> {
  const found = new Map<string, { object: DeadObject; letters: Set<Letter> }>();
  const missing: string[] = [];
  for (const id of new Set(ids)) {
    const { bucket, key, record } = parseId(id);
    const place = `${bucket}/${key}`;
    const object = found.get(place)?.object ?? (await letters.read({ bucket, key }));
    const named = object?.contents?.letters.filter(
      ({ sequenceNumber }) => record === undefined || sequenceNumber === record,
    );
    if (object?.odd !== undefined) throw new Failure(`${place} cannot be read: ${object.odd}`);
    if (object === undefined || named === undefined || named.length === 0) {
      missing.push(id);
      continue;
    }
    const entry = found.get(place) ?? { object, letters: new Set<Letter>() };
    for (const letter of named) entry.letters.add(letter);
    found.set(place, entry);
  }
  if (missing.length > 0) throw new Failure(`there is no dead letter ${missing.join(', ')}`);
  return [...found.values()].map(({ object, letters: all }) => ({ object, letters: [...all] }));
}

/** Throws a UsageError unless something is chosen, or all by name. */
export function requireChoice(args: Args): void {
  if (args.flag('all') === isChosen(args))
    throw new UsageError(
      'which ones? Give --reason, --older-than, --newer-than or --id, or --all alone',
    );
}
