import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeFrames } from '../../src/client/spool/frame.ts';
import { between } from './random.ts';

/**
 * Flips a bit of a frame in a spool's folder that others follow: at its end it could not be told from a torn write.
 * Returns `metadata.n` of the events that this may lose.
 */
export function rot(folder: string, random: () => number): number[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.segment'));
  const name = names[between(random, 0, names.length - 1)];
  if (name === undefined) return [];
  const path = join(folder, name);
  const bytes = readFileSync(path);
  const frames = [...decodeFrames(bytes)];
  if (frames.length < 2) return [];
  const hit = between(random, 0, frames.length - 2);
  const start = frames[hit - 1]?.end ?? 0;
  const { frame, end } = frames[hit] ?? { frame: undefined, end: start + 1 };
  const at = between(random, start, end - 1);
  const lost = frame?.kind === 'entry' ? [JSON.parse(String(frame.line)).metadata.n as number] : [];
  bytes[at] = (bytes[at] ?? 0) ^ (1 << between(random, 0, 7));
  writeFileSync(path, bytes);
  return lost;
}
