import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { addStacks } from '../../../lib/app.ts';
import { synth } from '../synth.ts';
import { nag } from './nag.ts';
import { stages } from './stages.ts';
import { validate } from './validate.ts';

// `npm run check:templates`: what every stage would deploy is valid, and as AWS's own rules want it.
const cdk = JSON.parse(await readFile(new URL('../../../cdk.json', import.meta.url), 'utf8'));
let found = 0;
for (const [stage, settings] of Object.entries(stages)) {
  const { assembly } = await synth({ context: settings });
  const functions = join(assembly, '../functions');
  const { app } = addStacks(
    new App({ analyticsReporting: false, context: { ...cdk.context, ...settings, functions } }),
  );
  const findings = [...(await validate(assembly)), ...nag(app)];
  for (const finding of findings) console.error(`${stage}: ${finding}`);
  found += findings.length;
}
console.log(`${Object.keys(stages).join(' and ')}: ${found} findings`);
process.exitCode = found > 0 ? 1 : 0;
