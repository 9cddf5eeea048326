import * as zlib from 'node:zlib';
import { SealtrailError } from './error.ts';
import type { Manifest } from './manifest.ts';

export type Encoding = Manifest['enc'];

/** Compresses a body into one frame. Level 1 of zstd: higher ones cost more time than they save bytes. */
export function compress(body: Buffer, enc: Encoding): Buffer {
  if (enc === 'identity') return body;
  if (enc === 'deflate') return zlib.deflateSync(body, { level: 1 });
  const frame = zlib.zstdCompressSync(body, {
    params: { [zlib.constants.ZSTD_c_compressionLevel]: 1 },
    pledgedSrcSize: body.length,
    // Where the frame exactly fills Node's chunks (16 KiB by default) it appends an empty second frame (Node 24.21),
    // which no reader takes: so there is one chunk, that is larger than any frame of this body (ZSTD_COMPRESSBOUND).
    chunkSize: body.length + (body.length >> 8) + 1024,
  });
  return Buffer.from(frame); // not to keep the chunk
}

/**
 * Decompresses to exactly `size` bytes, never holding more. The frame must be the only thing in `data`:
 * Node ignores bytes behind a zlib stream and joins further zstd frames, so the input that was used
 * must be all of it, and must be a single zstd frame (RFC 8878 §3.1.1).
 *
 * Throws `compression-invalid`, `size-mismatch`; a `CannotUnpack` where this runtime has no zstd (Node has it from 22.15
 * on), which says nothing of the data.
 */
export function decompress(data: Buffer, enc: Encoding, size: number): Buffer {
  if (enc === 'identity') return exactly(data, size);
  if (enc === 'zstd' && typeof zlib.zstdDecompressSync !== 'function') throw new CannotUnpack();
  // One chunk that is never quite full: of smaller ones, zlib makes many, and joins them.
  const options = {
    maxOutputLength: Math.max(size, 1),
    chunkSize: Math.max(size + 1, 64),
    info: true,
  };
  let result: { buffer: Buffer; engine: { bytesWritten: number } };
  try {
    if (enc === 'deflate') {
      result = zlib.inflateSync(data, options) as unknown as typeof result;
    } else {
      const frame = oneZstdFrame(data);
      if (frame === undefined || frame.window > maxWindow)
        throw new RangeError('not exactly one zstd frame of a window of at most 8 MiB');
      if (frame.size !== undefined && frame.size !== BigInt(size)) throw sizeSaid(frame.size, size);
      result = zlib.zstdDecompressSync(data, options) as unknown as typeof result;
    }
  } catch (cause) {
    if (cause instanceof SealtrailError) throw cause;
    const tooLarge = (cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    if (tooLarge)
      throw new SealtrailError('size-mismatch', `the body is over ${size} bytes`, { cause });
    throw new SealtrailError('compression-invalid', `the body is not one ${enc} frame`, { cause });
  }
  if (result.engine.bytesWritten !== data.length)
    throw new SealtrailError('compression-invalid', 'bytes behind the end of the compressed frame');
  return exactly(result.buffer, size);
}

/** What is packed cannot be judged here. Not a SealtrailError: it is no fault of what was read. */
export class CannotUnpack extends Error {
  override readonly name = 'CannotUnpack';

  constructor() {
    super(`cannot be checked here: ${process.version} has no zstd, Node 22.15 or newer is needed`);
  }
}

function exactly(body: Buffer, size: number): Buffer {
  if (body.length !== size)
    throw new SealtrailError(
      'size-mismatch',
      `the body has ${body.length} bytes, size says ${size}`,
    );
  return body;
}

const sizeSaid = (said: bigint, size: number) =>
  new SealtrailError('size-mismatch', `the frame says ${said} bytes, size says ${size}`);

/** What RFC 8878 §3.1.1.1.2 recommends that every decoder takes, bytes. */
const maxWindow = 8 * 1024 * 1024;

/**
 * What the header of the first frame says (RFC 8878 §3.1.1), if its blocks end where the data ends; `size` only if
 * it says one.
 */
function oneZstdFrame(
  data: Buffer,
): { readonly window: number; readonly size: bigint | undefined } | undefined {
  if (data.length < 6 || data.readUInt32LE(0) !== 0xfd2fb528) return undefined;
  const descriptor = data.readUInt8(4);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >> 6;
  const dictionary = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const sizeBytes = sizeFlag === 0 ? (isSingleSegment ? 1 : 0) : 1 << sizeFlag;
  const sizeAt = 5 + (isSingleSegment ? 0 : 1) + dictionary;
  let at = sizeAt + sizeBytes;
  for (;;) {
    if (at + 3 > data.length) return undefined;
    const block = data.readUIntLE(at, 3);
    const isRepeat = ((block >> 1) & 3) === 1;
    at += 3 + (isRepeat ? 1 : block >> 3);
    if ((block & 1) === 1) break;
  }
  if ((descriptor & 4) !== 0) at += 4; // checksum
  if (at !== data.length) return undefined;
  const size = sizeBytes === 0 ? undefined : contentSize(data, sizeAt, sizeBytes);
  return { window: isSingleSegment ? 0 : windowSize(data.readUInt8(5)), size };
}

/** §3.1.1.1.4: of two bytes, 256 is taken off. */
function contentSize(data: Buffer, at: number, bytes: number): bigint {
  if (bytes === 8) return data.readBigUInt64LE(at);
  return BigInt(data.readUIntLE(at, bytes)) + (bytes === 2 ? 256n : 0n);
}

/** §3.1.1.1.2, bytes. A frame of a single segment has the window of its content, which `size` bounds. */
function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}
