import * as zlib from 'node:zlib';

/** The exit code of a Node that is too old: nothing was done. */
const nodeTooOld = 4;

// Before anything else is loaded. Batches are packed with zstd, and what cannot be unpacked here must not be taken for
// forged.
if (typeof zlib.zstdDecompressSync !== 'function') {
  process.stderr.write(
    `sealtrail: this is Node ${process.version}, and 22.15 or newer is needed, for zstd. Nothing was done.\n`,
  );
  process.exit(nodeTooOld);
}
const { run } = await import('./run.ts');

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
