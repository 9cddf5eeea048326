import { readLine } from '../../domain/line.ts';
import { holeStart } from '../read/query-format.ts';
import { type Asked, type ExportPage, firstPath } from './export-page.ts';

const lf = 0x0a;

/** The pages of the log, oldest first: exact lines. */
export async function* eventPages(asked: Asked): AsyncGenerator<ExportPage> {
  const first = firstPath('/v1/events', asked, [
    ['order', 'asc'],
    ['limit', '1000'],
  ]);
  for (let path: string | undefined = asked.next ?? first; path !== undefined; ) {
    const { bytes, next } = await asked.get(path, 'application/x-ndjson');
    const lines = bytes.reduce((sum, byte) => (byte === lf ? sum + 1 : sum), 0);
    const holes = holesIn(bytes);
    yield {
      bytes,
      events: lines - holes,
      batches: 0,
      holes,
      at: timeOfLast(bytes),
      next,
      end: () => Buffer.alloc(0),
    };
    path = next;
  }
}

function holesIn(bytes: Buffer): number {
  let holes = bytes.indexOf(holeStart) === 0 ? 1 : 0;
  for (
    let at = bytes.indexOf(`\n${holeStart}`);
    at >= 0;
    at = bytes.indexOf(`\n${holeStart}`, at + 1)
  )
    holes += 1;
  return holes;
}

function timeOfLast(bytes: Buffer): number | undefined {
  const start = bytes.lastIndexOf(lf, -2) + 1;
  const line = readLine(bytes.subarray(start, -1));
  return line.kind === 'no-id' ? undefined : line.time;
}
