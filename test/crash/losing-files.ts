import { openSync, writeSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as later } from 'node:timers/promises';
import type { AppendFile, SpoolFiles } from '../../src/client/spool/files.ts';

/**
 * A file system that writes down what a loss of power would leave, because killing a process takes
 * nothing that was written. The notes outlive the process: a line `synced <name> <bytes>` after each
 * fsync, `made <name>` after each creation, `folder` after each fsync of the folder.
 * `step` is called before and after each operation. `late`: acknowledges an fsync before it is done. `fails`:
 * asked before each fsync and read.
 */
export function losingFiles(
  files: SpoolFiles,
  notes: string,
  step: () => void,
  late: boolean,
  fails: () => boolean = () => false,
): SpoolFiles {
  const log = openSync(notes, 'a');
  const note = (line: string) => writeSync(log, `${line}\n`);
  const between = async <T>(operation: () => Promise<T>): Promise<T> => {
    step();
    const result = await operation();
    step();
    return result;
  };

  const watched = (path: string, file: AppendFile): AppendFile => {
    const name = basename(path);
    let length = 0;
    return {
      append: (bytes) =>
        between(async () => {
          await file.append(bytes);
          length += bytes.length;
        }),
      sync: () =>
        between(async () => {
          const written = length;
          if (fails()) throw Object.assign(new Error('EIO: fsync'), { code: 'EIO' });
          const synced = (late ? later(50) : Promise.resolve())
            .then(() => file.sync())
            .then(() => note(`synced ${name} ${written}`));
          if (!late) await synced;
        }),
      truncate: (to) =>
        between(async () => {
          await file.truncate(to);
          length = to;
        }),
      close: () => file.close(),
    };
  };

  return {
    ...files,
    create: (path) =>
      between(async () => {
        const file = await files.create(path);
        note(`made ${basename(path)}`);
        return watched(path, file);
      }),
    syncFolder: (path) =>
      between(async () => {
        await files.syncFolder(path);
        note('folder');
      }),
    read(path, offset, bytes) {
      if (fails()) throw Object.assign(new Error('EMFILE: read'), { code: 'EMFILE' });
      return files.read(path, offset, bytes);
    },
    remove: (path) => between(() => files.remove(path)),
    syncFile: (path) => {
      files.syncFile(path);
      note(`synced ${basename(path)} ${files.size(path)}`);
      // A name that is found was made durable by nobody yet: a loss of power may take it.
    },
  };
}
