import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * A digest of the names and contents of everything under some files and folders, and of what else decides the
 * result of a build. Any change of a byte or a name gives another one.
 *
 * @returns 64 hexadecimal digits
 */
export async function sourceKey(
  root: string,
  paths: readonly string[],
  also: unknown,
): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(also));
  for (const path of paths) {
    for (const file of (await filesUnder(root, path)).sort()) {
      const content = await readFile(join(root, file));
      hash.update(`\0${file}\0${content.length}\0`).update(content);
    }
  }
  return hash.digest('hex');
}

async function filesUnder(root: string, path: string): Promise<string[]> {
  // `readdir` on a file says ENOTDIR, which is how a path is told to be one.
  const entries = await readdir(join(root, path), { withFileTypes: true }).catch((error) => {
    if (error.code === 'ENOTDIR') return undefined;
    throw error;
  });
  if (entries === undefined) return [path];
  const nested = entries.map((entry) => {
    const child = `${path}/${entry.name}`;
    return entry.isDirectory() ? filesUnder(root, child) : [child];
  });
  return (await Promise.all(nested)).flat();
}
