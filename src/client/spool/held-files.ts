import type { AppendFile, SpoolFiles } from './files.ts';

/**
 * The same file system for as long as the folder is ours. `assertHeld` throws once it is not; it is asked
 * before anything is made, renamed or removed, and after each fsync: so nothing counts as durable that
 * the folder's next holder may not have seen.
 */
export function heldFiles(files: SpoolFiles, assertHeld: () => void): SpoolFiles {
  const held = (file: AppendFile): AppendFile => ({
    append: (bytes) => file.append(bytes),
    async sync() {
      await file.sync();
      assertHeld();
    },
    truncate: (length) => file.truncate(length),
    close: () => file.close(),
  });
  return {
    ...files,
    async create(path) {
      assertHeld();
      return held(await files.create(path));
    },
    async remove(path) {
      assertHeld();
      await files.remove(path);
    },
    async rename(from, to) {
      assertHeld();
      await files.rename(from, to);
    },
  };
}
