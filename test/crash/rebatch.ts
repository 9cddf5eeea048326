import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EntryReader } from '../../src/client/spool/entry-reader.ts';
import { systemFiles } from '../../src/client/spool/files.ts';
import { encodeFrame, type Frame } from '../../src/client/spool/frame.ts';
import { lowestLive } from '../../src/client/spool/live.ts';
import { recover, segmentPath } from '../../src/client/spool/recover.ts';

/** Makes a spool forget its batches, but not their entries: as if boundaries were not logged. A planted error. */
export function rebatch(folder: string): void {
  const { state } = recover(folder, systemFiles);
  const live: Frame[] = [];
  const reader = new EntryReader(systemFiles, () => state.segments);
  for (let from = lowestLive(state).entry; ; ) {
    const found = reader.read(from);
    const last = found.at(-1);
    if (last === undefined) break;
    live.push(...found.map(({ number, line }): Frame => ({ kind: 'entry', number, line })));
    from = last.number + 1;
  }
  const { nextEntry } = state;
  const header: Frame = {
    kind: 'header',
    header: { v: 1, nextEntry, nextUnbatched: lowestLive(state).entry, cuts: [] },
  };
  for (const name of readdirSync(folder)) if (name.endsWith('.segment')) rmSync(join(folder, name));
  const number = (state.segments.at(-1)?.number ?? 0) + 1;
  writeFileSync(segmentPath(folder, number), Buffer.concat([header, ...live].map(encodeFrame)));
}
