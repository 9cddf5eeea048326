import { readFile, writeFile } from 'node:fs/promises';
import { synth } from '../synth.ts';
import { readAssembly } from '../template/assembly.ts';
import { stages } from '../templates/stages.ts';
import { policyTables } from './table.ts';

// `npm run policies`: prints who may do what, of prod. `--check` compares it with lib/README.md, `--write` puts it there.
const readme = new URL('../../../lib/README.md', import.meta.url);
const [begin, end] = ['<!-- policies -->\n', '\n<!-- /policies -->'];

const { assembly } = await synth({ context: stages.prod });
const tables = policyTables(await readAssembly(assembly));
const [option] = process.argv.slice(2);
if (option === undefined) console.log(tables);
else {
  const text = await readFile(readme, 'utf8');
  const [from, to] = [text.indexOf(begin) + begin.length, text.indexOf(end)];
  if (from < begin.length || to < from) throw new Error('lib/README.md has no place for the table');
  const fresh = text.slice(0, from) + tables + text.slice(to);
  if (option === '--write') await writeFile(readme, fresh);
  else if (fresh === text)
    console.log('the table of permissions in lib/README.md is that of the template');
  else {
    console.error('lib/README.md does not say what the template does: npm run policies -- --write');
    process.exitCode = 1;
  }
}
