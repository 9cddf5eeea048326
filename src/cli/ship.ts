import { createReadStream } from 'node:fs';
import { stdin } from 'node:process';
import { createInterface } from 'node:readline';
import { createAuditClient, type EventInput, type Until } from '../client/index.ts';
import { codeOf } from '../domain/error.ts';
import { parseJson } from '../domain/json.ts';
import type { DeskCommand } from './command.ts';
import { describeError } from './describe-error.ts';
import { Failure, UsageError } from './failure.ts';
import { openApi } from './read/api.ts';
import { profileOption } from './read/profile.ts';

/** Of what is refused, so many lines are named. */
const named = 20;

export const ship: DeskCommand = {
  kind: 'desk',
  name: 'ship',
  operands: 'FILE',
  summary: 'seal and send the events of an NDJSON file, through the SDK',
  options: {
    until: {
      value: 'LEVEL',
      help: 'wait until each is `committed`, stored (the default), or only `accepted` by the stream',
    },
    ...profileOption,
  },
  about: [
    'FILE has an event a line, with at least action and actor; - is standard input. The key needs the scope write. An event without an id gets a new one at each run, so a file that is shipped twice is in the log twice; with ids of its own it is there once.',
    'Exit code 1 if an event was refused: its line is named, the others are sent all the same.',
  ],
  examples: ['ship events.ndjson', 'ship - --until accepted --profile staging'],
  async work(args, desk) {
    const until = args.text('until') ?? 'committed';
    if (!isUntil(until)) throw new UsageError(`--until is committed or accepted, not ${until}`);
    const { url, apiKey } = await openApi(args, desk);
    const client = createAuditClient({ url, apiKey });
    const refused: { line: number; why: string }[] = [];
    let count = 0;
    let done = 0;
    const progress = () =>
      desk.out.progress(`${done} of ${count} ${until}, ${refused.length} refused`);
    const pending = new Set<Promise<void>>();
    try {
      for await (const text of linesOf(args.operand(0))) {
        desk.signal.throwIfAborted();
        count += 1;
        if (text.trim() === '') continue;
        const line = count;
        const sent = record(text)
          .then(() => {
            done += 1;
          })
          .catch((error: unknown) => {
            if (codeOf(error) === 'closed') throw error;
            refused.push({ line, why: describeError(error) });
          })
          .finally(() => pending.delete(sent));
        pending.add(sent);
        if (pending.size >= maxPending) await Promise.race(pending);
        if (count % 1000 === 0) progress();
      }
      await Promise.race([Promise.all(pending), aborted(desk.signal)]);
    } finally {
      await client.close();
    }
    refused.sort((a, b) => a.line - b.line);
    for (const { line, why } of refused.slice(0, named)) desk.out.note(`line ${line}: ${why}`);
    desk.out.rows([{ events: done, [until]: done, refused: refused.length }], [until, 'refused']);
    return refused.length > 0 ? 1 : 0;

    async function record(text: string): Promise<void> {
      const json = parseJson(text);
      if (!json.ok) throw new Failure(`not JSON that all read alike (${json.fault})`);
      const lossy = tooPrecise(text);
      if (lossy !== undefined)
        throw new Failure(`the number ${lossy} would be rounded: give it as text`);
      await client.record(json.value as EventInput, { until: until as Until });
    }
  },
};

/** Enough for the largest batches to fill while others are on their way. */
const maxPending = 20_000;

/** A number of more digits than a double keeps: what is parsed and sealed would be another one. */
function tooPrecise(json: string): string | undefined {
  const numbers =
    json.replace(/"(?:[^"\\]|\\.)*"/g, '""').match(/-?\d[\d.]*(?:[eE][+-]?\d+)?/g) ?? [];
  return numbers.find((text) => {
    const digits = text
      .replace(/[eE].*$/, '')
      .replace(/[-.]/g, '')
      .replace(/^0+/, '');
    return digits.length > 15 || !Number.isFinite(Number(text));
  });
}

function isUntil(text: string): text is Until {
  return text === 'accepted' || text === 'committed';
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Failure('ended before all was sent')), {
      once: true,
    });
  });
}

async function* linesOf(file: string): AsyncGenerator<string> {
  const input = file === '-' ? stdin : createReadStream(file);
  try {
    yield* createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  } catch (cause) {
    throw new Failure(`${file} cannot be read`, { cause });
  }
}
