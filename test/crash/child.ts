/**
 * The application that is killed: records events over the SDK with a spool, and writes down which of them
 * were acknowledged. Kills itself at the step that its life says.
 */
import { openSync, writeSync } from 'node:fs';
import { AuditClient } from '../../src/client/client.ts';
import { defaultInternals, type Internals } from '../../src/client/internals.ts';
import { parseOptions } from '../../src/client/options.ts';
import { systemFiles } from '../../src/client/spool/files.ts';
import { losingFiles } from './losing-files.ts';
import { floodEvents, floodFrom, type Life, memoryMb, type Plant } from './plan.ts';
import { between, randomOf } from './random.ts';

/** What the parent gives, as JSON, in the first argument. */
export interface ChildInput {
  readonly life: Life;
  readonly url: string;
  readonly apiKey: string;
  readonly dir: string;
  /** Files to write to: of the fsyncs, and of the acknowledged events (`<n> <ms that record took>`). */
  readonly notes: string;
  readonly acks: string;
  readonly plant: Plant | undefined;
}

const { life, url, apiKey, dir, notes, acks, plant } = JSON.parse(
  process.argv[2] ?? '',
) as ChildInput;
const random = randomOf(life.seed * 31 + life.number);
const ackLog = openSync(acks, 'a');
let steps = 0;
let setBackMs = 0;
const trueNow = Date.now;
// The machine's clock, for the AWS client too. The monotonic one and the server's do not notice.
Date.now = () => trueNow() - setBackMs;
let isReady = false;

function step(): void {
  steps += 1;
  if (steps === life.killAt) process.kill(process.pid, 'SIGKILL');
}

function watchedInternals(inFlight: number): Internals {
  const internals = defaultInternals(inFlight);
  return {
    ...internals,
    random,
    files: losingFiles(
      systemFiles,
      notes,
      step,
      plant === 'ack-before-fsync',
      () => isReady && life.trouble === 'disk' && random() < 0.1,
    ),
    clock: { ...internals.clock, now: () => Date.now() },
    kinesis: (config) => {
      const client = internals.kinesis(config);
      return {
        async send(command, options) {
          step();
          const answer = await client.send(command, options);
          step();
          if (plant !== 'retry-all' || (answer.FailedRecordCount ?? 0) === 0) return answer;
          return { ...answer, Records: (answer.Records ?? []).map(() => ({ ErrorCode: 'Again' })) };
        },
      };
    },
  };
}

async function main(): Promise<void> {
  const { lingerMs, maxBatchEvents, maxBufferEvents } = life;
  const settings = parseOptions({
    url,
    apiKey,
    lingerMs,
    maxBatchEvents,
    maxBufferEvents,
    closeTimeoutMs: 200_000,
    spool: { dir, maxBytes: 1024 * 1024, keepUntil: life.keepUntil },
  });
  // Smaller segments than the options allow, so that there are several in a short life.
  if (settings.spool !== undefined) settings.spool.maxBytes = life.spoolBytes;
  const client = new AuditClient(settings, watchedInternals(settings.inFlight));
  isReady = true; // to open a spool that cannot be read throws, which is another matter
  const padding = 'x'.repeat(life.padding);
  for (let i = 0; i < life.events; ) {
    const burst: Promise<void>[] = [];
    for (let b = 0; b < life.burst && i < life.events; b++, i++) {
      const n = life.from + i;
      const metadata = { seed: life.seed, n, padding, at: trueNow() };
      const begun = performance.now();
      const until = life.isPatient && random() < 0.3 ? 'accepted' : 'durable';
      const acknowledged = client.record(
        { action: 'crash.tested', actor: { type: 'process', id: `life-${life.number}` }, metadata },
        { until },
      );
      burst.push(
        acknowledged.then(
          () => {
            const ms = until === 'durable' ? (performance.now() - begun).toFixed(3) : '';
            writeSync(ackLog, `${n} ${ms}\n`);
            step();
          },
          () => {}, // it was told that it may not be there
        ),
      );
    }
    // Sometimes more is recorded before the last is durable.
    // Under another's key nothing is accepted, so a full spool has no room: nobody waits for it.
    if (random() < 0.7 && life.trouble !== 'foreign') await Promise.all(burst);
    if (life.trouble === 'clock' && client.stats().accepted > 0 && random() < 0.5)
      setBackMs += 3_600_000;
    await new Promise((resolve) => setTimeout(resolve, between(random, 0, 3)));
  }
  if (life.trouble === 'memory') await flood(client);
  if (life.killAt === undefined) await client.close();
  else {
    const flushed = client.flush().catch(() => {}); // its spool may have been taken, or damaged
    await (life.trouble === 'foreign' ? Promise.race([flushed, refused(client)]) : flushed);
    process.kill(process.pid, 'SIGKILL');
  }
}

/** Resolves once the key was refused as another tenant's: from then on nothing is accepted, whatever waits. */
async function refused(client: AuditClient): Promise<void> {
  while (client.stats().lastError?.code !== 'grant-invalid')
    await new Promise((resolve) => setTimeout(resolve, 5));
}

/** More than the heap holds, none of it awaited: what has no room must be refused, and the process live on. */
async function flood(client: AuditClient): Promise<void> {
  const text = 'x'.repeat(20_000);
  for (let i = 0; i < floodEvents; i++) {
    const n = floodFrom + i;
    const metadata = { seed: life.seed, n, text: `${i}${text}`, at: trueNow() };
    const event = { action: 'crash.tested', actor: { type: 'process', id: 'flood' }, metadata };
    client.record(event, { until: 'durable' }).then(
      () => void writeSync(ackLog, `${n} \n`),
      () => {}, // there was no room
    );
    if (i % 100 === 99) await new Promise(setImmediate);
  }
  const { maxRSS } = process.resourceUsage(); // KB
  if (maxRSS <= memoryMb * 1024) return;
  console.error(`it took ${Math.round(maxRSS / 1024)} MB`);
  process.exit(1); // what waits would keep it for minutes
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
