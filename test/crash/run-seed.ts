import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as later } from 'node:timers/promises';
import { apiKey } from '../fake/token-service.ts';
import { rot } from './bit-rot.ts';
import { check, numbersIn, type Violation } from './check.ts';
import type { ChildInput } from './child.ts';
import type { openDoor } from './door.ts';
import { losePower } from './lose-power.ts';
import { heapMb, type Life, type Plant, planOf, type Trouble } from './plan.ts';
import { randomOf } from './random.ts';
import { rebatch } from './rebatch.ts';
import { storeAll } from './store-all.ts';

export interface SeedResult {
  readonly seed: number;
  readonly kills: number;
  readonly powerLosses: number;
  readonly troubles: readonly Trouble[];
  readonly acknowledged: number;
  readonly stored: number;
  readonly batches: number;
  /** Records that were on the stream already. */
  readonly resent: number;
  /** What each acknowledged `record` took, ms. */
  readonly latencies: readonly number[];
  readonly violations: readonly Violation[];
}

/** Longest that one process may take, ms: then something hangs. */
const patienceMs = 240_000;

/** Runs all lives of a seed against the door, one after the other, and looks at what came of them. */
export async function runSeed(
  seed: number,
  { door, script, plant }: SeedOptions,
): Promise<SeedResult> {
  const folder = mkdtempSync(join(tmpdir(), `sealtrail-crash-${seed}-`));
  const dir = join(folder, 'spool');
  const [notes, acks] = [join(folder, 'notes'), join(folder, 'acks')];
  const traffic = door.serve(seed);
  const lives = planOf(seed);
  const random = randomOf(seed ^ 0xf0f0);
  const violations: Violation[] = [];
  const frozen: Promise<Violation | undefined>[] = [];
  let rotten: Set<number> | undefined;
  try {
    mkdirSync(dir);
    for (const [index, life] of lives.entries()) {
      traffic.newLife();
      const input = { life, url: door.urlOf(seed), apiKey, dir, notes, acks, plant };
      const { taken, token } = traffic;
      const before = taken.length;
      // Before anything was sent the folder may be nobody's yet, and would be bound to whose key comes first.
      const isForeign = life.trouble === 'foreign' && before > 0;
      token.tenant = isForeign ? 'beta' : 'acme';
      const isTaken = life.trouble === 'frozen' && index + 1 < lives.length;
      const fault = isTaken
        ? await freeze(script, input, frozen)
        : await live(script, input, rotten !== undefined);
      if (fault !== undefined) violations.push(fault);
      if (isForeign && taken.length > before)
        violations.push({ check: 'nothing-for-another-tenant', detail: `life ${life.number}` });
      if (life.killAt === undefined) break;
      if (life.power && existsSync(notes)) losePower(dir, notes, random);
      if (life.trouble === 'rot') {
        rotten ??= new Set();
        for (const n of rot(dir, random)) rotten.add(n);
      }
      if (plant === 'new-batch-id') rebatch(dir);
    }
    for (const each of await Promise.all(frozen)) if (each !== undefined) violations.push(each);
    const stored = await storeAll(traffic.taken, traffic.token.grants);
    const lines = existsSync(acks) ? readFileSync(acks, 'utf8').trimEnd().split('\n') : [];
    const acked = lines.filter(Boolean).map((line) => line.split(' ').map(Number));
    const acknowledged = new Set(acked.map(([n = -1]) => n));
    violations.push(...check({ acknowledged, stored, needless: traffic.needless, rotten }));
    return {
      seed,
      kills: lives.length - 1,
      powerLosses: lives.filter(({ killAt, power }) => killAt !== undefined && power).length,
      troubles: lives.map(({ trouble }) => trouble),
      acknowledged: acknowledged.size,
      stored: new Set(numbersIn(stored)).size,
      batches: stored.rows.size,
      resent: traffic.taken.length - stored.rows.size,
      latencies: acked.map(([, ms = 0]) => ms).filter((ms) => ms > 0),
      violations,
    };
  } finally {
    door.forget(seed);
    rmSync(folder, { recursive: true, force: true });
  }
}

export interface SeedOptions {
  readonly door: Awaited<ReturnType<typeof openDoor>>;
  /** The bundled child. */
  readonly script: string;
  readonly plant: Plant | undefined;
}

/**
 * One that stands still once it has acknowledged something, while its lock is removed, as another would that takes
 * it for dead; it goes on while the next one uses the spool. `frozen`: how it ends.
 */
async function freeze(
  script: string,
  input: ChildInput,
  frozen: Promise<Violation | undefined>[],
): Promise<undefined> {
  const { dir, acks } = input;
  const size = () => (existsSync(acks) ? statSync(acks).size : 0);
  const before = size();
  const child = spawn(process.execPath, [script, JSON.stringify(input)], {
    stdio: 'ignore',
    timeout: patienceMs,
    killSignal: 'SIGKILL',
  });
  const closed = once(child, 'close');
  const isOver = () => child.exitCode !== null || child.signalCode !== null;
  for (let i = 0; i < 3000 && size() === before && !isOver(); i++) await later(2);
  child.kill('SIGSTOP');
  for (const name of readdirSync(dir))
    if (name.startsWith('lock-')) rmSync(join(dir, name), { force: true });
  setTimeout(() => child.kill('SIGCONT'), 700);
  frozen.push(closed.then(() => undefined));
}

/**
 * One process, until it is gone; the last one must end by itself, and well. What a flipped bit has taken, `close` must
 * tell.
 */
async function live(
  script: string,
  input: ChildInput,
  isRotten: boolean,
): Promise<Violation | undefined> {
  const heap = input.life.trouble === 'memory' ? [`--max-old-space-size=${heapMb}`] : [];
  const child = spawn(process.execPath, [...heap, script, JSON.stringify(input)], {
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: patienceMs,
    killSignal: 'SIGTERM',
  });
  const [said, [code, signal]] = await Promise.all([
    text(child.stderr),
    once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>,
  ]);
  const hasTold = isRotten && code === 1 && said.includes('cannot be read any more');
  const isRight = hasTold || expectedEnd(input.life) === (signal ?? code);
  if (isRight) return undefined;
  const { number } = input.life;
  return { check: 'ends-by-itself', detail: `life ${number}: ${signal ?? code} ${said}` };
}

function expectedEnd({ killAt }: Life): 'SIGKILL' | 0 {
  return killAt === undefined ? 0 : 'SIGKILL';
}
