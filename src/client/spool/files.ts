import { closeSync, fdatasyncSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';

/** A file that is only ever written at its end. */
export interface AppendFile {
  /** Writes all of it, behind what is there. It is not durable yet. */
  append(bytes: Buffer): Promise<void>;
  /** Makes what was written durable, with the length that is needed to read it. */
  sync(): Promise<void>;
  /** Takes away what is behind `length`. */
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
}

/** What the spool asks of a file system, so that tests can break it. Paths are absolute. */
export interface SpoolFiles {
  /** A new file, for this user only. Rejects with EEXIST if there is one. */
  create(path: string): Promise<AppendFile>;
  /** Makes the names in a folder durable: without it a new file may be gone after a loss of power. */
  syncFolder(path: string): Promise<void>;
  remove(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Names in a folder. */
  list(path: string): string[];
  size(path: string): number;
  /** Up to `length` bytes from `offset`; fewer at the end of the file. */
  read(path: string, offset: number, length: number): Buffer;
  /** Makes what somebody else wrote to it durable. */
  syncFile(path: string): void;
}

/** Reading is synchronous: at the start, and in pieces of at most 1 MiB (some 0.3 ms) when catching up. */
export const systemFiles: SpoolFiles = {
  async create(path) {
    return appendFile(await open(path, 'ax', 0o600));
  },
  async syncFolder(path) {
    if (process.platform === 'win32') return; // a folder cannot be opened there, and needs no fsync
    const folder = await open(path, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  },
  remove: unlink,
  rename,
  list: (path) => readdirSync(path),
  size: (path) => statSync(path).size,
  read(path, offset, length) {
    const bytes = Buffer.allocUnsafe(length);
    const file = openSync(path, 'r');
    try {
      let read = 0;
      for (let more = 1; more > 0 && read < length; read += more)
        more = readSync(file, bytes, read, length - read, offset + read);
      return bytes.subarray(0, read);
    } finally {
      closeSync(file);
    }
  },
  syncFile(path) {
    const file = openSync(path, 'r+');
    try {
      fdatasyncSync(file);
    } finally {
      closeSync(file);
    }
  },
};

function appendFile(handle: FileHandle): AppendFile {
  return {
    async append(bytes) {
      for (let at = 0; at < bytes.length; ) {
        const { bytesWritten } = await handle.write(bytes, at);
        at += bytesWritten;
      }
    },
    // fdatasync(2) flushes what is needed to read the data back, the file's length too.
    sync: () => handle.datasync(),
    truncate: (length) => handle.truncate(length),
    close: () => handle.close(),
  };
}
