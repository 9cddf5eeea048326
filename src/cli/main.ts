import { run } from './run.ts';

const end = new AbortController();
// Once: a second Ctrl-C ends the process at once.
process.once('SIGINT', () => end.abort());
// Whoever read our output has gone (`| head`): there is nobody to say more to.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

/** `sealtrail <command>`; from the sources `npm run sealtrail -- <command>`. */
process.exitCode = await run(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  program: import.meta.url.endsWith('.ts') ? 'npm run sealtrail --' : 'sealtrail',
  signal: end.signal,
});
