import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { apiKey } from '../fake/token-service.ts';
import { check, numbersIn, type Violation } from './check.ts';
import type { ChildInput } from './child.ts';
import type { openDoor } from './door.ts';
import { losePower } from './lose-power.ts';
import { type Life, type Plant, planOf } from './plan.ts';
import { randomOf } from './random.ts';
import { rebatch } from './rebatch.ts';
import { storeAll } from './store-all.ts';

export interface SeedResult {
  readonly seed: number;
  readonly kills: number;
  readonly powerLosses: number;
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
  try {
    mkdirSync(dir);
    for (const life of lives) {
      traffic.newLife();
      const input = { life, url: door.urlOf(seed), apiKey, dir, notes, acks, plant };
      const fault = await live(script, input);
      if (fault !== undefined) violations.push(fault);
      if (life.killAt === undefined) break;
      if (life.power && existsSync(notes)) losePower(dir, notes, random);
      if (plant === 'new-batch-id') rebatch(dir);
    }
    const stored = await storeAll(traffic.taken, traffic.token.grants);
    const lines = existsSync(acks) ? readFileSync(acks, 'utf8').trimEnd().split('\n') : [];
    const acked = lines.filter(Boolean).map((line) => line.split(' ').map(Number));
    const acknowledged = new Set(acked.map(([n = -1]) => n));
    violations.push(...check({ acknowledged, stored, needless: traffic.needless }));
    return {
      seed,
      kills: lives.length - 1,
      powerLosses: lives.filter(({ killAt, power }) => killAt !== undefined && power).length,
      acknowledged: acknowledged.size,
      stored: new Set(numbersIn(stored)).size,
      batches: stored.rows.size,
      resent: traffic.taken.length - stored.rows.size,
      latencies: acked.map(([, ms = 0]) => ms),
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

/** One process, until it is gone; the last one must end by itself, and well. */
async function live(script: string, input: ChildInput): Promise<Violation | undefined> {
  const child = spawn(process.execPath, [script, JSON.stringify(input)], {
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: patienceMs,
    killSignal: 'SIGTERM',
  });
  const [said, [code, signal]] = await Promise.all([
    text(child.stderr),
    once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>,
  ]);
  const isRight = expectedEnd(input.life) === (signal ?? code);
  if (isRight) return undefined;
  const { number } = input.life;
  return { check: 'ends-by-itself', detail: `life ${number}: ${signal ?? code} ${said}` };
}

function expectedEnd({ killAt }: Life): 'SIGKILL' | 0 {
  return killAt === undefined ? 0 : 'SIGKILL';
}
