import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { SpoolFiles } from './files.ts';

/** Room for the boundaries and deliveries of some 400 batches. */
export const reserveBytes = 256 * 1024;
const name = 'reserve';

/** Whether the disk, or what a user may have of it, is full. */
export function isFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOSPC' || code === 'EDQUOT';
}

/**
 * A file whose only use is to be removed once the disk is full: so what was taken can still be delivered,
 * which frees more. Its name need not outlive a loss of power: the next process makes another.
 */
export class Reserve {
  readonly #folder: string;
  readonly #files: SpoolFiles;
  #isHeld: boolean;
  /** There may be something of an earlier one. */
  #isThere: boolean;

  constructor(folder: string, files: SpoolFiles) {
    this.#folder = folder;
    this.#files = files;
    this.#isThere = files.list(folder).includes(name);
    this.#isHeld = this.#isThere && files.size(this.#path) === reserveBytes;
  }

  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** Makes it. Rejects if there is no room for it, and then takes none. */
  async make(): Promise<void> {
    if (this.#isThere) await this.#remove();
    this.#isThere = true; // even what fails may leave a file
    const file = await this.#files.create(this.#path);
    try {
      // A file system that packs, or leaves holes, would keep no room for zeros.
      await file.append(randomBytes(reserveBytes));
      await file.sync();
      this.#isHeld = true;
    } finally {
      await file.close().catch(() => {});
      if (!this.#isHeld) await this.#remove().catch(() => {});
    }
  }

  /** Gives its room away; false if there was none to give. */
  async spend(): Promise<boolean> {
    if (!this.#isHeld) return false;
    this.#isHeld = false;
    try {
      await this.#remove();
      // A journaling file system gives the blocks to others once this is committed.
      await this.#files.syncFolder(this.#folder);
      return true;
    } catch {
      return false;
    }
  }

  get #path(): string {
    return join(this.#folder, name);
  }

  async #remove(): Promise<void> {
    try {
      await this.#files.remove(this.#path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    this.#isThere = false;
  }
}
