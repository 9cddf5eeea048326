import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Violation } from './check.ts';
import { openDoor } from './door.ts';
import { planted } from './mutants.ts';
import type { Plant, Trouble } from './plan.ts';
import { runSeed, type SeedResult } from './run-seed.ts';

export interface CrashOptions {
  readonly seeds: readonly number[];
  readonly plant?: Plant | undefined;
  /** Seeds at the same time. @default 3 */
  readonly parallel?: number;
  /** Begins no other seed once this check has found something. */
  readonly until?: Violation['check'];
  readonly onSeed?: (result: SeedResult) => void;
}

/** What came of all seeds. */
export interface CrashReport {
  readonly seeds: number;
  readonly kills: number;
  readonly powerLosses: number;
  /** Lives by what befell them. */
  readonly troubles: Readonly<Partial<Record<Trouble, number>>>;
  /** Events whose `record` resolved, and those that are stored: unacknowledged ones may be too. */
  readonly acknowledged: number;
  readonly stored: number;
  readonly batches: number;
  /** Seeds in which something acknowledged is not stored, or stored in more than one row. */
  readonly lost: number;
  readonly duplicateRows: number;
  /** Records that were put though they were on the stream already: each is one row. */
  readonly resent: number;
  /** Of `record` until `durable`, ms. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly seconds: number;
  readonly violations: readonly ({ readonly seed: number } & Violation)[];
}

/** Runs seeds, a few at a time, against one front door. */
export async function runCrash(options: CrashOptions): Promise<CrashReport> {
  const { plant, parallel = 3, until, onSeed = () => {} } = options;
  const begun = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'sealtrail-crash-'));
  const door = await openDoor();
  try {
    const script = await bundleChild(folder, plant);
    let queue = [...options.seeds];
    const results: SeedResult[] = [];
    const work = async () => {
      for (let seed = queue.shift(); seed !== undefined; seed = queue.shift()) {
        const result = await runSeed(seed, { door, script, plant });
        results.push(result);
        onSeed(result);
        if (result.violations.some(({ check }) => check === until)) queue = [];
      }
    };
    await Promise.all(Array.from({ length: parallel }, work));
    return reportOf(results, (performance.now() - begun) / 1000);
  } finally {
    await door.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** In one file it starts in a third of the time. */
async function bundleChild(folder: string, plant: Plant | undefined): Promise<string> {
  const outfile = join(folder, 'child.cjs');
  await build({
    entryPoints: [fileURLToPath(new URL('child.ts', import.meta.url))],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    mainFields: ['module', 'main'],
    logLevel: 'silent',
    plugins: planted(plant),
  });
  return outfile;
}

function reportOf(results: readonly SeedResult[], seconds: number): CrashReport {
  const sum = (of: (result: SeedResult) => number) =>
    results.reduce((total, result) => total + of(result), 0);
  const violations = results.flatMap(({ seed, violations }) =>
    violations.map((violation) => ({ seed, ...violation })),
  );
  const countOf = (check: Violation['check']) =>
    violations.filter((violation) => violation.check === check).length;
  const latencies = results.flatMap((result) => result.latencies).sort((a, b) => a - b);
  const quantile = (q: number) => latencies[Math.floor(latencies.length * q)] ?? 0;
  return {
    seeds: results.length,
    kills: sum(({ kills }) => kills),
    powerLosses: sum(({ powerLosses }) => powerLosses),
    troubles: Object.fromEntries(
      [
        ...Map.groupBy(
          results.flatMap(({ troubles }) => troubles),
          (trouble) => trouble,
        ),
      ].map(([trouble, lives]) => [trouble, lives.length]),
    ),
    acknowledged: sum(({ acknowledged }) => acknowledged),
    stored: sum(({ stored }) => stored),
    batches: sum(({ batches }) => batches),
    lost: countOf('acknowledged-is-stored'),
    duplicateRows: countOf('event-is-in-one-row'),
    resent: sum(({ resent }) => resent),
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
    seconds: Math.round(seconds * 10) / 10,
    violations,
  };
}
