import { readFile, writeFile } from 'node:fs/promises';
import { synth } from '../synth.ts';
import { readAssembly } from '../template/assembly.ts';
import { stages } from '../templates/stages.ts';
import { alarmsTable } from './alarms-table.ts';
import { operatorsAssembly } from './operators-assembly.ts';
import { reachTable } from './reach-table.ts';
import { policyTables } from './table.ts';

// `npm run policies`: prints who may do what and who can reach what, of prod. `--check` compares these tables, and that
// of the alarms, with lib/README.md, `--write` puts them there.
const readme = new URL('../../../lib/README.md', import.meta.url);

const { assembly } = await synth({ context: stages.prod });
const stacks = await readAssembly(assembly);
const operators = await readAssembly(await operatorsAssembly(stages.prod));
const tables = {
  policies: policyTables(stacks),
  reach: await reachTable(operators),
  alarms: alarmsTable(stacks),
};
const [option] = process.argv.slice(2);
if (option === undefined) console.log([tables.policies, tables.reach].join('\n\n'));
else {
  const text = await readFile(readme, 'utf8');
  const fresh = Object.entries(tables).reduce(withTable, text);
  if (option === '--write') await writeFile(readme, fresh);
  else if (fresh === text)
    console.log(
      'the tables of permissions, of reach and of alarms in lib/README.md are those of the template',
    );
  else {
    console.error('lib/README.md does not say what the template does: npm run policies -- --write');
    process.exitCode = 1;
  }
}

function withTable(text: string, [name, table]: [string, string]): string {
  const [begin, end] = [`<!-- ${name} -->\n`, `\n<!-- /${name} -->`];
  const [from, to] = [text.indexOf(begin) + begin.length, text.indexOf(end)];
  if (from < begin.length || to < from) throw new Error(`lib/README.md has no place for ${name}`);
  return text.slice(0, from) + table + text.slice(to);
}
