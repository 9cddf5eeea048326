import { run } from './run.ts';

/** `npm run sealtrail -- <command>`: the operator's tool. */
process.exitCode = await run(process.argv.slice(2), process);
