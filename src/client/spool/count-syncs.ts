import type { AppendFile, SpoolFiles } from './files.ts';

/** The same file system, with a count of what it was asked to make durable. */
export function countSyncs(files: SpoolFiles): { readonly files: SpoolFiles; count: () => number } {
  let count = 0;
  const counted = (file: AppendFile): AppendFile => ({
    append: (bytes) => file.append(bytes),
    sync() {
      count += 1;
      return file.sync();
    },
    truncate: (length) => file.truncate(length),
    close: () => file.close(),
  });
  return {
    count: () => count,
    files: {
      ...files,
      create: async (path) => counted(await files.create(path)),
      syncFolder(path) {
        count += 1;
        return files.syncFolder(path);
      },
      syncFile(path) {
        count += 1;
        files.syncFile(path);
      },
    },
  };
}
