import { constants } from 'node:fs';
import { type FileHandle, open, readFile, rename, rm } from 'node:fs/promises';
import { z } from 'zod';
import { Failure } from '../failure.ts';
import { lockFile } from './lock-file.ts';

/** How far an export has come: what the file holds up to `bytes`, and where to go on. */
const stateSchema = z.strictObject({
  v: z.literal(1),
  /** The words of the command: another question must not go on in this file. */
  question: z.string(),
  /** When it began, epoch ms: what was said relative to now stays as it was. */
  began: z.number(),
  bytes: z.number().int().nonnegative(),
  /** Path of the next page; of none yet: the first. The API checks that it leads to no other address. */
  next: z.string().startsWith('/').optional(),
  events: z.number().int().nonnegative(),
  batches: z.number().int().nonnegative(),
  /** Batches that were left out so far, since they are not what was sealed. */
  holes: z.number().int().nonnegative().default(0),
  /** Grants that the file holds already. */
  grants: z.array(z.string()),
});
type ExportState = z.infer<typeof stateSchema>;

/** A file that grows page by page, with its state beside it, so that being killed costs one page. */
export interface ResumableFile {
  readonly state: ExportState;
  /** Appends, and then notes the state: on disk in this order. */
  append(bytes: Buffer, state: Omit<ExportState, 'bytes'>): Promise<void>;
  /** Appends the last bytes, and removes the state. */
  finish(bytes: Buffer): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a file for an export, to begin it or to go on with it. Its state is on the disk before its first page, so that
 * it can be gone on with whenever it is broken off. Both are made readable by their owner only, and written through no
 * symbolic link.
 *
 * @param now when it begins, if it is new, epoch ms
 * @throws Failure for a file that is there and is not one of ours, that is no regular file, or that another export
 * writes
 */
export async function openResumable(
  file: string,
  question: string,
  now: number,
): Promise<ResumableFile> {
  const unlock = await lockFile(file);
  try {
    return await openLocked(file, question, now, unlock);
  } catch (error) {
    await unlock();
    throw error;
  }
}

async function openLocked(
  file: string,
  question: string,
  now: number,
  unlock: () => Promise<void>,
): Promise<ResumableFile> {
  const beside = `${file}.state`;
  const state = await readState(beside);
  if (state !== undefined && state.question !== question)
    throw new Failure(
      `${beside} is of another export: give the same options to go on, or remove ${file} and ${beside}`,
    );
  const handle = await openFile(file);
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw new Failure(`${file} is no regular file: name another`);
    if (state === undefined && stat.size > 0)
      throw new Failure(`${file} is there already: name another, or remove it`);
    if (stat.size < (state?.bytes ?? 0))
      throw new Failure(`${file} is shorter than ${beside} says: remove both to begin again`);
    return await resume(handle, beside, state ?? begin(question, now), unlock);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

const begin = (question: string, began: number): ExportState => ({
  v: 1,
  question,
  began,
  events: 0,
  batches: 0,
  holes: 0,
  bytes: 0,
  grants: [],
});

async function resume(
  handle: FileHandle,
  beside: string,
  state: ExportState,
  unlock: () => Promise<void>,
): Promise<ResumableFile> {
  let length = state.bytes;
  // What was written behind the last state is not known to be whole.
  await handle.truncate(length);
  const write = async (bytes: Buffer) => {
    await writeAll(handle, bytes, length);
    length += bytes.length;
    await handle.datasync();
  };
  if (state.next === undefined) await writeState(beside, state);
  return {
    state,
    async append(bytes, next) {
      await write(bytes);
      await writeState(beside, { ...next, bytes: length });
    },
    async finish(bytes) {
      await write(bytes);
      await rm(beside, { force: true });
    },
    async close() {
      await handle.close();
      await unlock();
    },
  };
}

const { O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR } = constants;

/** Made if it is not there, for its owner only; what is in it stays. */
async function openFile(file: string): Promise<FileHandle> {
  try {
    // O_NONBLOCK: a pipe must not be waited for; it is refused below.
    return await open(file, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
  } catch (cause) {
    throw isLink(cause)
      ? new Failure(`${file} is a symbolic link: name the file itself, or remove the link`)
      : new Failure(`${file} cannot be written`, { cause });
  }
}

/** What open(2) says of a symbolic link under O_NOFOLLOW; ELOOP, but EMLINK on FreeBSD. */
function isLink(error: unknown): boolean {
  return ['ELOOP', 'EMLINK'].includes(String((error as NodeJS.ErrnoException).code));
}

async function writeAll(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, at, bytes.length - at, position + at);
    at += bytesWritten;
  }
}

/** Replaces it as a whole: its bytes are on the disk before its name is. A link in the way is removed, not followed. */
async function writeState(file: string, state: ExportState): Promise<void> {
  const fresh = `${file}.new`;
  await rm(fresh, { force: true });
  const handle = await open(fresh, 'wx', 0o600);
  try {
    await handle.writeFile(JSON.stringify(state));
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(fresh, file);
}

async function readState(file: string): Promise<ExportState | undefined> {
  let text: string;
  try {
    text = await readFile(file, { encoding: 'utf8', flag: O_RDONLY | O_NOFOLLOW });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw isLink(cause)
      ? new Failure(
          `${file} is a symbolic link: remove it, and the file of the export, to begin again`,
        )
      : new Failure(`${file} cannot be read`, { cause });
  }
  try {
    return stateSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new Failure(`${file} is not the state of an export: remove it, and its file`, { cause });
  }
}
