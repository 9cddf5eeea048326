import { readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { between } from './random.ts';

/**
 * Takes from a spool's folder what no fsync has made durable, as the notes of `losingFiles` say: all of
 * it or the end of it, with noise where it stays. A file whose name is not durable may be gone.
 */
export function losePower(folder: string, notes: string, random: () => number): void {
  const synced = new Map<string, number>();
  let loose: string[] = [];
  for (const line of readFileSync(notes, 'utf8').split('\n')) {
    const [kind, name = '', bytes] = line.split(' ');
    if (kind === 'made') loose.push(name);
    if (kind === 'folder') loose = [];
    if (kind === 'synced') synced.set(name, Number(bytes));
  }
  for (const name of readdirSync(folder).filter((each) => each.endsWith('.segment'))) {
    const path = join(folder, name);
    const size = statSync(path).size;
    const safe = Math.min(synced.get(name) ?? 0, size);
    const kept = between(random, safe, size);
    if (loose.includes(name) && random() < 0.7) rmSync(path);
    else if (kept > safe && random() < 0.5) {
      const bytes = readFileSync(path).subarray(0, kept);
      writeFileSync(path, bytes.fill(0, between(random, safe, kept - 1)));
    } else truncateSync(path, kept);
  }
}
