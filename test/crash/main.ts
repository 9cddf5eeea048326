/**
 * `npm run crash -- [--seeds N] [--seed S] [--json] [--plant P]`: a process that records events over the
 * SDK with a spool is killed, its machine loses power, and it is started again, while the front door
 * throttles, cuts connections, delays and takes only a part; fsyncs and reads fail, bits flip, another process takes the
 * spool, the key is another tenant's, the clock is set. In the end everything that was acknowledged
 * must be stored, once. `--seeds`: 1 to N (default 200). `--seed`: this one alone. `--json`: the report
 * on the last line. `--plant`: an error that a check must catch.
 */
import { parseArgs } from 'node:util';
import { type Plant, plants } from './plan.ts';
import { runCrash } from './run-crash.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    seed: { type: 'string' },
    json: { type: 'boolean', default: false },
    plant: { type: 'string' },
  },
});
const isPlant = (text: string): text is Plant => plants.some((plant) => plant === text);
const { plant, seed } = values;
if (plant !== undefined && !isPlant(plant)) throw new Error(`--plant: one of ${plants.join(', ')}`);

const count = Number(values.seeds);
const seeds = seed === undefined ? Array.from({ length: count }, (_, i) => i + 1) : [Number(seed)];
if (seeds.length === 0 || seeds.some((each) => !Number.isSafeInteger(each)))
  throw new Error('--seeds and --seed: give whole numbers');

const report = await runCrash({
  seeds,
  plant,
  onSeed({ seed, violations }) {
    for (const { check, detail } of violations)
      console.log(`seed ${seed}: ${check}: ${detail} (again: npm run crash -- --seed ${seed})`);
  },
});
const { violations, ...figures } = report;
if (values.json) console.log(JSON.stringify(report));
else console.table(figures);
process.exitCode = violations.length > 0 ? 1 : 0;
