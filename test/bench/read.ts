/**
 * `npm run bench:read`: what ten questions about a month of one tenant's events cost: read units, time and bytes that
 * DynamoDB gives. Beside them, on the same emulator in the same run, a plain table: an item per event, three indexes.
 *
 * `--events N` (100,000) `--batch N` events a batch (100) `--runs N` of each question (20) `--json`
 */
import { parseArgs } from 'node:util';
import type { Event } from '../../src/domain/event.ts';
import { clause } from '../../src/domain/query.ts';
import { createBatchReader } from '../../src/store/batch-reader.ts';
import { createBatchWriter } from '../../src/store/batch-writer.ts';
import { batchesTable } from '../fixture/batches-table.ts';
import { type Cost, openCountedDynamoDb } from '../fixture/counted-dynamodb.ts';
import { monthEnd, monthOfEvents, rare, storeMonth } from '../fixture/month.ts';
import { countMonth, readMonth } from '../fixture/read-month.ts';
import { plainTable, readPlain, storePlain } from './plain-table.ts';

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '100000' },
    batch: { type: 'string', default: '100' },
    runs: { type: 'string', default: '20' },
    json: { type: 'boolean', default: false },
  },
});
const [events, batch, runs] = [values.events, values.batch, values.runs].map(Number);
if (!events || !batch || !runs || batch > 1000)
  throw new RangeError('--events, --batch (at most 1000) and --runs are numbers over 0');

const counted = await openCountedDynamoDb([batchesTable, plainTable]);
const table = { client: counted.client, table: batchesTable.TableName };
const reader = createBatchReader(table);
const month = () => monthOfEvents(events, batch);

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return Math.round((performance.now() - start) / 100) / 10;
}

let middle: Event | undefined;
let seen = 0;
for (const each of month()) {
  seen += each.length;
  if (seen > events / 2) {
    middle = each[0];
    break;
  }
}
const { correlationId = '' } = middle ?? {};
const writer = createBatchWriter({ ...table, now: () => monthEnd });
const loading = {
  sealtrail: await secondsOf(() => storeMonth(writer, month())),
  plain: await secondsOf(() => storePlain(counted.client, month())),
};

const where = (name: string, value: string) => clause(name, [value]) ?? [];
const ours = (query: Parameters<typeof readMonth>[1]) => () => readMonth(reader, query);
const theirs = (query: Parameters<typeof readPlain>[1]) => () => readPlain(counted.client, query);
const page = { limit: 100, most: 100 };
const text = 'closed at the owner';

/** Both answer the same events; where they do not, the figures would mean nothing. */
const questions: Record<string, [ours: () => Promise<unknown>, theirs: () => Promise<unknown>]> = {
  'newest 100': [ours(page), theirs({ limit: 100 })],
  'rare actor, all': [
    ours({ filter: [where('actor', rare.actor)] }),
    theirs({ index: { name: 'actor', value: rare.actor } }),
  ],
  'busy actor, newest 100': [
    ours({ filter: [where('actor', 'user_1001')], ...page }),
    theirs({ index: { name: 'actor', value: 'user_1001' }, limit: 100 }),
  ],
  'rare action, all': [
    ours({ filter: [where('action', rare.action)] }),
    theirs({ index: { name: 'action', value: rare.action } }),
  ],
  'rare target, all': [
    ours({ filter: [where('target', `account:${rare.target}`)] }),
    theirs({ index: { name: 'target', value: `account:${rare.target}` } }),
  ],
  'action and outcome, newest 100': [
    ours({
      filter: [where('action', 'member.removed'), where('outcome', 'denied')],
      ...page,
    }),
    theirs({
      index: { name: 'action', value: 'member.removed' },
      keep: { name: 'outcome', value: 'denied' },
      limit: 100,
    }),
  ],
  'one correlation': [
    ours({ filter: [where('correlation', correlationId)] }),
    theirs({ keep: { name: 'correlation', value: correlationId } }),
  ],
  'one metadata value, all': [
    ours({ filter: [where('metadata.ticket', 'T-4711')] }),
    theirs({ keep: { name: 'ticket', value: 'T-4711' } }),
  ],
  'free text, all': [
    ours({ text }),
    theirs({ keep: { name: 'event', value: text, contains: true } }),
  ],
  'count by action': [async () => (await countMonth(reader)).size, theirs({})],
};

interface Figures {
  readonly units: number;
  readonly p50: number;
  readonly p95: number;
  readonly bytes: number;
}

/** Long ones are asked less often: 20 s of each at most, three times at least. */
async function measure(
  ask: () => Promise<unknown>,
): Promise<Figures & { readonly value: unknown }> {
  const times: number[] = [];
  let last: { value: unknown; cost: Cost } | undefined;
  const start = performance.now();
  for (let run = 0; run < Number(runs); run++) {
    if (run >= 3 && performance.now() - start > 20_000) break;
    const before = performance.now();
    last = await counted.costOf(ask);
    times.push(performance.now() - before);
  }
  times.sort((a, b) => a - b);
  const at = (share: number) =>
    Math.round((times[Math.ceil(share * times.length) - 1] ?? 0) * 10) / 10;
  const { units = 0, bytes = 0 } = last?.cost ?? {};
  return { units, bytes, p50: at(0.5), p95: at(0.95), value: last?.value };
}

const figures: Record<string, { sealtrail: Figures; plain: Figures }> = {};
for (const [name, [mine, plain]] of Object.entries(questions)) {
  const { value: own, ...sealtrail } = await measure(mine);
  const { value: other, ...beside } = await measure(plain);
  if (Array.isArray(own) && JSON.stringify(own) !== JSON.stringify(other))
    throw new Error(`${name}: the two answer different events`);
  figures[name] = { sealtrail, plain: beside };
}
await counted.close();

if (values.json) console.log(JSON.stringify({ events, batch, loadingSeconds: loading, figures }));
else {
  console.log(`${events} events in batches of ${batch}; loaded in`, loading, 's');
  console.table(
    Object.fromEntries(
      Object.entries(figures).map(([name, { sealtrail, plain }]) => [
        name,
        {
          units: sealtrail.units,
          'plain units': plain.units,
          'p50 ms': sealtrail.p50,
          'plain p50': plain.p50,
          'p95 ms': sealtrail.p95,
          'plain p95': plain.p95,
          KB: Math.round(sealtrail.bytes / 1000),
          'plain KB': Math.round(plain.bytes / 1000),
        },
      ]),
    ),
  );
}
