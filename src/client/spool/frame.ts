import { z } from 'zod';
import { crc32 } from './crc32.ts';

/** Where a producer's chain goes on. */
const chainSchema = z.strictObject({
  producer: z.string(),
  client: z.string(),
  /** Of the next batch. */
  seq: z.number().int().nonnegative(),
  prev: z.string().nullable(),
});
export type ChainState = z.output<typeof chainSchema>;

/** Whose log the entries belong in: the first grant's tenant and client. */
const ownerSchema = z.strictObject({ tenant: z.string(), client: z.string() });
export type Owner = z.output<typeof ownerSchema>;

const headerSchema = z.strictObject({
  v: z.literal(1),
  /** Absent before the first grant. */
  owner: ownerSchema.optional(),
  /** Absent before the first batch, and after one that ended its chain. */
  chain: chainSchema.optional(),
  /** Smallest number that no entry has. */
  nextEntry: z.number().int().nonnegative(),
  /** Entries below it are in batches. */
  nextUnbatched: z.number().int().nonnegative(),
  /** What of other segments counts: their number, and bytes from their start. */
  cuts: z.array(z.tuple([z.number().int(), z.number().int()])),
});
type Header = z.output<typeof headerSchema>;

const boundarySchema = z.strictObject({
  id: z.string(),
  client: z.string(),
  producer: z.string(),
  seq: z.number().int().nonnegative(),
  prev: z.string().nullable(),
  root: z.string(),
  /** First entry's number, and the last one's plus one; `count` of the numbers between are in the batch. */
  first: z.number().int().nonnegative(),
  end: z.number().int().nonnegative(),
  count: z.number().int().nonnegative(),
  /** Times are RFC 3339, as in the manifest. */
  from: z.string(),
  to: z.string(),
  sealed: z.string(),
  fin: z.boolean(),
});
/** A batch that has its place in the chain: all that is needed to compose the very same again. */
export type Boundary = z.output<typeof boundarySchema>;

const deliveredSchema = z.strictObject({
  producer: z.string(),
  seq: z.number().int().nonnegative(),
});

export type Frame =
  | { readonly kind: 'header'; readonly header: Header }
  | { readonly kind: 'owner'; readonly owner: Owner }
  | { readonly kind: 'entry'; readonly number: number; readonly line: Buffer }
  | { readonly kind: 'batch'; readonly batch: Boundary }
  | { readonly kind: 'delivered'; readonly producer: string; readonly seq: number };

/** CRC, length of the payload, kind. */
export const frameOverhead = 9;
const numberBytes = 6;
/** A longer length is not believed: a line is at most 64 KiB, and a header stays below that. */
const maxPayload = 128 * 1024;
/** No frame is longer. */
export const maxFrame = maxPayload + frameOverhead;

const kinds = { header: 0x48, owner: 0x4f, entry: 0x45, batch: 0x42, delivered: 0x44 } as const;
const kindBytes: ReadonlySet<number> = new Set(Object.values(kinds));

/** Bytes of a frame. Layout: SPOOL.md, "Frames". */
export function encodeFrame(frame: Frame): Buffer {
  if (frame.kind === 'entry') return encodeEntry(frame.number, frame.line);
  const payload = Buffer.from(JSON.stringify(contentOf(frame)));
  const bytes = Buffer.allocUnsafe(frameOverhead + payload.length);
  payload.copy(bytes, frameOverhead);
  return sealFrame(bytes, kinds[frame.kind]);
}

/** What an entry takes in a segment, bytes. */
export function entryFrameSize(line: Buffer): number {
  return frameOverhead + numberBytes + line.length;
}

function encodeEntry(number: number, line: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(entryFrameSize(line));
  bytes.writeUIntLE(number, frameOverhead, numberBytes);
  line.copy(bytes, frameOverhead + numberBytes);
  return sealFrame(bytes, kinds.entry);
}

function contentOf(frame: Exclude<Frame, { kind: 'entry' }>): object {
  if (frame.kind === 'header') return frame.header;
  if (frame.kind === 'owner') return frame.owner;
  if (frame.kind === 'batch') return frame.batch;
  return { producer: frame.producer, seq: frame.seq };
}

function sealFrame(bytes: Buffer, kind: number): Buffer {
  bytes.writeUInt32LE(bytes.length - frameOverhead, 4);
  bytes.writeUInt8(kind, 8);
  bytes.writeUInt32LE(crc32(bytes.subarray(4)), 0);
  return bytes;
}

/** A frame, and the place behind it. */
export interface WholeFrame {
  readonly frame: Frame;
  readonly end: number;
}

/** The frame at `start`; none if it is not whole. Its line is a view of `bytes`. */
export function decodeAt(bytes: Buffer, start: number): WholeFrame | undefined {
  const end = endOf(bytes, start);
  if (end === undefined || end > bytes.length) return undefined;
  if (crc32(bytes.subarray(start + 4, end)) !== bytes.readUInt32LE(start)) return undefined;
  const payload = bytes.subarray(start + frameOverhead, end);
  const frame = decodeFrame(bytes.readUInt8(start + 8), payload);
  return frame === undefined ? undefined : { frame, end };
}

/** Where a frame that begins here would end; undefined if none can begin here. */
function endOf(bytes: Buffer, start: number): number | undefined {
  if (start + frameOverhead > bytes.length || !kindBytes.has(bytes[start + 8] ?? 0))
    return undefined;
  const length = bytes.readUInt32LE(start + 4);
  return length > maxPayload ? undefined : start + frameOverhead + length;
}

/**
 * Where the first whole frame at or behind `from` begins. Only what has a length and a kind costs a CRC; a line
 * is JSON, which has no NUL, so nothing that was recorded can look like a frame.
 */
export function findFrame(bytes: Buffer, from: number): number | undefined {
  for (let start = from; start + frameOverhead <= bytes.length; start++)
    if (bytes[start + 7] === 0 && decodeAt(bytes, start) !== undefined) return start;
  return undefined;
}

/**
 * Whether what is left at the end of a file has the length of a frame, and does not end in the zeros that a
 * write leaves which was cut by a loss of power: then it was whole once.
 */
export function wasWhole(tail: Buffer): boolean {
  return endOf(tail, 0) === tail.length && tail.at(-1) !== 0;
}

/** The frames from `at` on, each with the place behind it, up to the first that is not whole. */
export function* decodeFrames(bytes: Buffer, at = 0): Generator<WholeFrame> {
  for (let next = decodeAt(bytes, at); next !== undefined; next = decodeAt(bytes, next.end))
    yield next;
}

function decodeFrame(kind: number, payload: Buffer): Frame | undefined {
  if (kind === kinds.entry)
    return payload.length < numberBytes
      ? undefined
      : {
          kind: 'entry',
          number: payload.readUIntLE(0, numberBytes),
          line: payload.subarray(numberBytes),
        };
  const content = parse(payload);
  if (kind === kinds.header) {
    const { success, data } = headerSchema.safeParse(content);
    return success ? { kind: 'header', header: data } : undefined;
  }
  if (kind === kinds.batch) {
    const { success, data } = boundarySchema.safeParse(content);
    return success ? { kind: 'batch', batch: data } : undefined;
  }
  if (kind === kinds.owner) {
    const { success, data } = ownerSchema.safeParse(content);
    return success ? { kind: 'owner', owner: data } : undefined;
  }
  if (kind !== kinds.delivered) return undefined;
  const { success, data } = deliveredSchema.safeParse(content);
  return success ? { kind: 'delivered', ...data } : undefined;
}

function parse(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString('utf8'));
  } catch {
    return undefined;
  }
}
