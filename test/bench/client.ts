/**
 * `npm run bench:client`: what recording costs the application, from `record()` to the PutRecords request, with the
 * network stubbed under the real KinesisClient; beside it in the same run the plain way, an event a record with the
 * bare SDK. Both pay for serialising, SigV4 and reading the answer; only ours checks, numbers, chains and signs.
 *
 * Figures are of processor time, so that other work on the machine hardly changes them; the median of the rounds.
 */
import { parseArgs } from 'node:util';
import { AuditClient } from '../../src/client/client.ts';
import { systemClock } from '../../src/client/clock.ts';
import { parseOptions } from '../../src/client/options.ts';
import { sampleEvents } from '../../src/local/demo/sample-events.ts';
import { apiKey, fakeTokenService, url } from '../fake/token-service.ts';
import { PlainRecorder } from './plain-recorder.ts';
import { stubKinesis } from './stub-kinesis.ts';

const usage = `npm run bench:client -- [--events N] [--rounds N] [--json]
  --events N   events a round, for each way (100000)
  --rounds N   rounds of each way, alternating, after one that does not count (7)
  --json       the figures as JSON, on the last line, instead of a table`;

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '100000' },
    rounds: { type: 'string', default: '7' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(usage);
  process.exit();
}
const [events = 0, rounds = 0] = [values.events, values.rounds].map(Number);
if (![events, rounds].every((each) => Number.isSafeInteger(each) && each > 0))
  throw new RangeError(`--events and --rounds are whole numbers over 0\n${usage}`);

const next = sampleEvents(Date.now);
/** As an application gives them; both ways stamp them. */
const inputs = Array.from({ length: Math.min(events, 10_000) }, () => {
  const { id, time, ...input } = next();
  return input;
});

/** Records come in bursts, as requests do; between them the loop has its turn. */
const burst = 100;

interface Way {
  readonly record: (input: (typeof inputs)[number]) => void;
  /** Resolves once all is taken. */
  readonly flush: () => Promise<void>;
  readonly close: () => Promise<void>;
}

interface Round {
  /** Events a second of processor time, all threads. */
  readonly rate: number;
  readonly requests: number;
  readonly records: number;
  /** Of the requests: headers and body. */
  readonly bytes: number;
}

const stub = stubKinesis();

async function sealtrail(): Promise<Way> {
  const client = new AuditClient(parseOptions({ url, apiKey }), {
    clock: systemClock,
    random: Math.random,
    fetch: fakeTokenService(Date.now).fetch,
    kinesis: (config) => stub.client(config),
    disconnect: () => {},
  });
  // It would try for ever, and its figures would mean nothing.
  client.on('retry', ({ message }) => {
    console.error(`the stub did not take everything: ${message}`);
    process.exit(1);
  });
  await client.record({ action: 'bench.began', actor: { type: 'process', id: 'bench' } });
  return {
    record: (input) => void client.record(input),
    async flush() {
      await client.flush();
      const { accepted } = client.stats();
      if (accepted !== events + 1) throw new Error(`${accepted} events were accepted`);
    },
    close: () => client.close(),
  };
}

async function plain(): Promise<Way> {
  const recorder = new PlainRecorder(stub.client({}));
  return {
    record: (input) => recorder.record(input),
    flush: () => recorder.flush(),
    close: async () => {},
  };
}

async function run(open: () => Promise<Way>): Promise<Round> {
  const way = await open();
  stub.reset();
  const begun = process.cpuUsage();
  for (let i = 0; i < events; i++) {
    const input = inputs[i % inputs.length];
    if (input !== undefined) way.record(input);
    if (i % burst === burst - 1) await new Promise(setImmediate);
  }
  await way.flush();
  const { user, system } = process.cpuUsage(begun);
  const { requests, records, bytes } = stub;
  await way.close();
  return { rate: events / ((user + system) / 1e6), requests, records, bytes };
}

const median = (numbers: readonly number[]) =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

const ways = { sealtrail, plain };
const results: Record<keyof typeof ways, Round[]> = { sealtrail: [], plain: [] };
for (let round = 0; round <= rounds; round++) {
  // Who begins changes too: garbage of one may be collected in the other's time.
  const order =
    round % 2 === 0 ? (['sealtrail', 'plain'] as const) : (['plain', 'sealtrail'] as const);
  for (const name of order) {
    const result = await run(ways[name]);
    if (round > 0) results[name].push(result); // the first warms up
  }
}

function figuresOf(name: keyof typeof ways) {
  const of = (member: keyof Round) => median(results[name].map((round) => round[member]));
  return {
    eventsPerSecond: Math.round(of('rate')),
    requestBytesPerEvent: Math.round(of('bytes') / events),
    requestsPer100k: Math.round((of('requests') / events) * 100_000),
    recordsPer100k: Math.round((of('records') / events) * 100_000),
  };
}

const figures = { sealtrail: figuresOf('sealtrail'), plain: figuresOf('plain') };
if (values.json) console.log(JSON.stringify({ events, rounds, ...figures }));
else {
  console.log(`${events} events a round, median of ${rounds} rounds`);
  const rowOf = (each: ReturnType<typeof figuresOf>) => ({
    'events/s of one core': each.eventsPerSecond,
    'request bytes an event': each.requestBytesPerEvent,
    'requests per 100k events': each.requestsPer100k,
    'records per 100k events': each.recordsPer100k,
  });
  console.table({ sealtrail: rowOf(figures.sealtrail), plain: rowOf(figures.plain) });
}
