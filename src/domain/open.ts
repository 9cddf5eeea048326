import type { KeyObject } from 'node:crypto';
import { decompress } from './body.ts';
import { fromTime } from './encoding.ts';
import { SealtrailError } from './error.ts';
import { verifyJws } from './jws.ts';
import { limits } from './limits.ts';
import { type Line, readLine } from './line.ts';
import type { Manifest, SealedRecord } from './manifest.ts';
import { merkleRoot } from './merkle.ts';

/** A line of an opened batch: its exact bytes, and what they say. */
export type OpenedLine = { readonly bytes: Buffer } & Exclude<Line, { kind: 'no-id' }>;

/** The signature over the manifest, under the key that its grant names. Throws `signature-invalid`. */
export function verifyRecord(record: SealedRecord, key: KeyObject): void {
  if (!verifyJws(record.jws, key))
    throw new SealtrailError('signature-invalid', "the signature is not of the grant's key");
}

/**
 * Opens a record whose signature holds: decompresses within bounds, checks the Merkle root, and reads
 * every line. A line that is no valid event is given as `faulty`; the batch stays whole.
 * Throws a poison SealtrailError if the body is not what the manifest says.
 */
export function openRecord(record: SealedRecord): OpenedLine[] {
  return readLines(provedLines(record), record.manifest);
}

/**
 * The lines of a record whose signature holds, once the Merkle root proves that they are what was signed. Before that
 * the body may be anybody's: a manifest can be copied, from a proof for instance.
 * Throws a poison SealtrailError if the body is not what the manifest says.
 */
export function provedLines({ manifest, body: packed }: SealedRecord): Buffer[] {
  const body = decompress(packed, manifest.enc, manifest.size);
  const lines = splitLines(body, manifest);
  if (merkleRoot(lines).toString('base64url') !== manifest.root)
    throw new SealtrailError('root-mismatch', 'the body is not what was signed');
  return lines;
}

/** Reads the lines that a root proved. Throws `id-missing`, `range-mismatch`: of these the signer is to blame. */
export function readLines(lines: readonly Buffer[], manifest: Manifest): OpenedLine[] {
  const opened = lines.map(openLine);
  checkRange(opened, manifest);
  return opened;
}

function splitLines(body: Buffer, manifest: Manifest): Buffer[] {
  const lines: Buffer[] = [];
  for (let start = 0; start < body.length; ) {
    const end = body.indexOf(0x0a, start);
    if (end === -1) throw new SealtrailError('lines-invalid', 'the last line has no LF');
    if (end === start) throw new SealtrailError('lines-invalid', 'an empty line');
    if (end - start > limits.line)
      throw new SealtrailError(
        'line-too-long',
        `a line of ${end - start} bytes; at most ${limits.line}`,
      );
    if (lines.length === manifest.count)
      throw new SealtrailError('count-mismatch', `more lines than count says (${manifest.count})`);
    lines.push(body.subarray(start, end));
    start = end + 1;
  }
  if (lines.length !== manifest.count)
    throw new SealtrailError(
      'count-mismatch',
      `${lines.length} lines, count says ${manifest.count}`,
    );
  return lines;
}

function openLine(bytes: Buffer, index: number): OpenedLine {
  const line = readLine(bytes);
  if (line.kind === 'no-id')
    throw new SealtrailError('id-missing', `line ${index} has no valid id, and so no time`);
  return { bytes, ...line };
}

/** `from` and `to` are what scans are bounded by, so they must be true. */
function checkRange(lines: readonly OpenedLine[], manifest: Manifest): void {
  if (lines.length === 0) return;
  const times = lines.map((line) => line.time);
  if (
    Math.min(...times) !== fromTime(manifest.from) ||
    Math.max(...times) !== fromTime(manifest.to)
  )
    throw new SealtrailError(
      'range-mismatch',
      'from and to are not the earliest and latest event time',
    );
}
