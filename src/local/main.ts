import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { help, parseOptions } from './demo/options.ts';
import { createProgress } from './demo/progress.ts';
import { type FileEvents, readEvents } from './demo/read-events.ts';
import { formatReport, isIntact } from './demo/report.ts';
import { runDemo } from './demo/run-demo.ts';
import { createTenants, type DemoTenant } from './demo/tenants.ts';
import { tryIt } from './demo/try-it.ts';
import { deployLocally, type LocalDeployment } from './deployment.ts';
import { synth } from './synth.ts';

/** As `cdk deploy --outputs-file` would write it, for the operator's tool. */
const outputsFile = '.sealtrail/outputs.json';

/** As a shell counts it: 128 + SIGINT. */
const interruptedCode = 130;

/** `npm start`: the main job, end to end, on this machine. Returns the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  if (options.help) {
    process.stdout.write(help);
    return 0;
  }
  const progress = createProgress(process.stderr);
  const file = await readFiles(options.files, options.map);
  const stop = interrupted();

  progress.step('Synthesizing the stack');
  const { assembly } = await synth();
  progress.step('Deploying its template on this machine');
  const deployment = await deployLocally({
    assembly,
    ...(options.port === undefined ? {} : { port: options.port }),
    log: (name, line) => {
      if (line.includes('"level":"error"')) progress.step(`[${name}] ${line}`);
    },
  });
  try {
    const tenants = await createTenants(deployment, options.tenants);
    const events = file?.events ?? options.events;
    const count = typeof events === 'number' ? events : events.length;
    progress.step(`Shipping ${count} events of ${tenants.length} tenant(s) through the SDK`);
    const done = await Promise.race([runDemo({ deployment, tenants, events, progress }), stop]);
    if (done === 'interrupted') return interruptedCode;
    process.stdout.write(`\n${formatReport(done)}\n\n`);
    const code = isIntact(done) && (file?.rejected.length ?? 0) === 0 ? 0 : 1;
    if (!options.once) await stayUp(deployment, tenants, stop);
    if (options.json) process.stdout.write(`${JSON.stringify(done)}\n`);
    return options.once ? code : 0;
  } finally {
    await deployment.close();
  }
}

async function readFiles(
  files: readonly string[],
  map: 'cloudtrail' | undefined,
): Promise<FileEvents | undefined> {
  if (files.length === 0) return undefined;
  const read = await readEvents(files, map, Date.now);
  for (const { file, line, reason } of read.rejected)
    process.stderr.write(`${file}:${line}: ${reason}\n`);
  return read;
}

async function stayUp(
  deployment: LocalDeployment,
  [tenant]: readonly DemoTenant[],
  stop: Promise<unknown>,
): Promise<void> {
  await mkdir(dirname(outputsFile), { recursive: true });
  await writeFile(outputsFile, `${JSON.stringify(deployment.outputs, null, 2)}\n`);
  if (tenant !== undefined) process.stdout.write(`${tryIt(deployment, tenant, outputsFile)}\n`);
  await stop;
  process.stderr.write('\nStopping\n');
}

/** Resolves at the first Ctrl-C; a second one ends the process at once. */
async function interrupted(): Promise<'interrupted'> {
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  return 'interrupted';
}

try {
  const code = await main(process.argv.slice(2));
  // A client that was interrupted holds events that it can no longer send, and would stay for them.
  if (code === interruptedCode) process.exit(code);
  process.exitCode = code;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  if (error instanceof TypeError) process.stderr.write('Try: npm start -- --help\n');
  process.exit(1);
}
