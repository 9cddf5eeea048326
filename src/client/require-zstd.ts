import * as zlib from 'node:zlib';

/**
 * Throws in a Node that has no zstd, which batches are packed with. By the feature, not the version: Node 23 has it only
 * from 23.8 on, and other runtimes count otherwise (https://nodejs.org/api/zlib.html#zlibzstdcompresssyncbuffer-options).
 */
export function requireZstd(): void {
  if (typeof zlib.zstdCompressSync === 'function') return;
  throw new Error(
    `sealtrail needs Node 22.15 or newer, for zstd; this is ${process.version}. Run your application with a newer Node`,
  );
}
