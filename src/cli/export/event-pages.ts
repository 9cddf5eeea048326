import { readLine } from '../../domain/line.ts';
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
    yield {
      bytes,
      events: bytes.reduce((sum, byte) => (byte === lf ? sum + 1 : sum), 0),
      batches: 0,
      at: timeOfLast(bytes),
      next,
      end: () => Buffer.alloc(0),
    };
    path = next;
  }
}

function timeOfLast(bytes: Buffer): number | undefined {
  const start = bytes.lastIndexOf(lf, -2) + 1;
  const line = readLine(bytes.subarray(start, -1));
  return line.kind === 'no-id' ? undefined : line.time;
}
