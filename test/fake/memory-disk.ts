import { basename, dirname } from 'node:path';
import type { AppendFile, SpoolFiles } from '../../src/client/spool/files.ts';

interface Content {
  bytes: Buffer;
  /** What a loss of power cannot take. */
  synced: Buffer;
}

/** One operation on the disk, before it is carried out. `bytes`: of an append. */
export interface DiskCall {
  readonly kind: 'create' | 'append' | 'sync' | 'truncate' | 'syncFolder' | 'remove' | 'rename';
  readonly name: string;
  readonly bytes?: number;
}

/** `torn`: so much of what is appended is there, and the call fails. */
export type DiskFate =
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly code: string }
  | { readonly kind: 'torn'; readonly code: string; readonly bytes: number };

/** A disk in memory that knows what a loss of power would take, and fails as a test decides. */
export class MemoryDisk {
  readonly calls: DiskCall[] = [];
  fate: (call: DiskCall) => DiskFate = () => ({ kind: 'done' });
  /** The code that a read fails with; none if it does not. */
  readFault: (name: string) => string | undefined = () => undefined;
  /** What does not fit fails with `fullCode`; the part that fits is there. */
  capacity = Number.POSITIVE_INFINITY;
  fullCode = 'ENOSPC';
  #files = new Map<string, Content>();
  /** The names that a loss of power leaves. */
  #names = new Map<string, Content>();
  #life = 0;

  get names(): string[] {
    return [...this.#files.keys()].map((path) => basename(path));
  }

  /** Of all files. */
  get bytes(): number {
    return [...this.#files.values()].reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  /** Changes a file behind everybody's back. */
  damage(name: string, change: (bytes: Buffer) => Buffer): void {
    for (const [path, content] of this.#files)
      if (basename(path) === name) content.bytes = content.synced = change(content.bytes);
  }

  /** The process that uses the disk ends: it is never answered again. */
  kill(): void {
    this.#life += 1;
  }

  /** The power fails: of what was not synced some is there, some is noise, some is not. 0 ≤ `random` < 1. */
  losePower(random: () => number): void {
    this.kill();
    this.#files = new Map(this.#names);
    for (const content of this.#files.values()) {
      const loose = content.bytes.subarray(content.synced.length);
      const kept = Buffer.from(loose.subarray(0, Math.floor(random() * (loose.length + 1))));
      if (kept.length > 0 && random() < 0.5) kept.fill(0, Math.floor(random() * kept.length));
      content.bytes = content.synced = Buffer.concat([content.synced, kept]);
    }
  }

  /** The disk as one process has it. */
  mount(): SpoolFiles {
    const life = this.#life;
    const call = async (done: DiskCall, run: (torn?: number) => void): Promise<void> => {
      await this.#answer(life);
      this.calls.push(done);
      const fate = this.#fateOf(done);
      if (fate.kind === 'done') run();
      if (fate.kind === 'torn') run(fate.bytes);
      await this.#answer(life);
      if (fate.kind !== 'done')
        throw Object.assign(new Error(`${fate.code}: ${done.kind}`), { code: fate.code });
    };
    const open = (path: string, content: Content): AppendFile => {
      const name = basename(path);
      return {
        append: (bytes) =>
          call({ kind: 'append', name, bytes: bytes.length }, (torn) => {
            content.bytes = Buffer.concat([content.bytes, bytes.subarray(0, torn)]);
          }),
        sync: () =>
          call({ kind: 'sync', name }, () => {
            content.synced = content.bytes;
          }),
        truncate: (length) =>
          call({ kind: 'truncate', name }, () => {
            content.bytes = content.bytes.subarray(0, length);
            if (content.synced.length > length) content.synced = content.bytes;
          }),
        close: async () => {},
      };
    };
    return {
      create: async (path) => {
        const content = { bytes: Buffer.alloc(0), synced: Buffer.alloc(0) };
        await call({ kind: 'create', name: basename(path) }, () => {
          if (this.#files.has(path)) throw Object.assign(new Error(path), { code: 'EEXIST' });
          this.#files.set(path, content);
        });
        return open(path, content);
      },
      syncFolder: (path) =>
        call({ kind: 'syncFolder', name: basename(path) }, () => {
          this.#names = new Map(this.#files);
        }),
      remove: (path) =>
        call({ kind: 'remove', name: basename(path) }, () => {
          this.#files.delete(path);
          this.#names.delete(path);
        }),
      rename: (from, to) =>
        call({ kind: 'rename', name: basename(from) }, () => {
          const content = this.#contentOf(from);
          this.#files.delete(from);
          this.#names.delete(from);
          this.#files.set(to, content);
          this.#names.set(to, content);
        }),
      list: (path) =>
        [...this.#files.keys()]
          .filter((each) => dirname(each) === path)
          .map((each) => basename(each)),
      size: (path) => this.#contentOf(path).bytes.length,
      read: (path, offset, length) => {
        const code = this.readFault(basename(path));
        if (code !== undefined) throw Object.assign(new Error(`${code}: read`), { code });
        return Buffer.from(this.#contentOf(path).bytes.subarray(offset, offset + length));
      },
      syncFile: (path) => {
        const content = this.#contentOf(path);
        content.synced = content.bytes;
      },
    };
  }

  #fateOf(call: DiskCall): DiskFate {
    const fate = this.fate(call);
    const room = Math.max(0, this.capacity - this.bytes);
    if (fate.kind !== 'done' || (call.bytes ?? 0) <= room) return fate;
    return { kind: 'torn', code: this.fullCode, bytes: room };
  }

  #contentOf(path: string): Content {
    const content = this.#files.get(path);
    if (content === undefined)
      throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' });
    return content;
  }

  /** At once, or never to a process that has ended. */
  async #answer(life: number): Promise<void> {
    if (life !== this.#life) await new Promise(() => {});
  }
}
