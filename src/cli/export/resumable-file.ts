import { constants } from 'node:fs';
import { type FileHandle, open, readFile, rename, rm } from 'node:fs/promises';
import { z } from 'zod';
import { Failure } from '../failure.ts';

/** How far an export has come: what the file holds up to `bytes`, and where to go on. */
const stateSchema = z.strictObject({
  v: z.literal(1),
  /** The words of the command: another question must not go on in this file. */
  question: z.string(),
  /** When it began, epoch ms: what was said relative to now stays as it was. */
  began: z.number(),
  bytes: z.number().int().nonnegative(),
  /** Path of the next page; of none yet: the first. */
  next: z.string().optional(),
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
 * Its state is on the disk before its first page, so that it can be gone on with whenever it is broken off. Throws a
 * Failure for a file that is there and is not one of ours.
 *
 * @param now when it begins, if it is new, epoch ms
 */
export async function openResumable(
  file: string,
  question: string,
  now: number,
): Promise<ResumableFile> {
  const beside = `${file}.state`;
  const state = await readState(beside);
  if (state !== undefined && state.question !== question)
    throw new Failure(
      `${beside} is of another export: give the same options to go on, or remove ${file} and ${beside}`,
    );
  const handle = await openFile(file);
  const { size } = await handle.stat();
  if (state === undefined && size > 0) {
    await handle.close();
    throw new Failure(`${file} is there already: name another, or remove it`);
  }
  let length = state?.bytes ?? 0;
  if (size < length) {
    await handle.close();
    throw new Failure(`${file} is shorter than ${beside} says: remove both to begin again`);
  }
  // What was written behind the last state is not known to be whole.
  await handle.truncate(length);
  const write = async (bytes: Buffer) => {
    await writeAll(handle, bytes, length);
    length += bytes.length;
    await handle.datasync();
  };
  const none = { events: 0, batches: 0, holes: 0, bytes: 0, grants: [] };
  const first: ExportState = state ?? { v: 1, question, began: now, ...none };
  if (state === undefined) await writeState(beside, first);
  return {
    state: first,
    async append(bytes, next) {
      await write(bytes);
      await writeState(beside, { ...next, bytes: length });
    },
    async finish(bytes) {
      await write(bytes);
      await rm(beside, { force: true });
    },
    close: () => handle.close(),
  };
}

/** Made if it is not there; what is in it stays. */
async function openFile(file: string): Promise<FileHandle> {
  try {
    return await open(file, constants.O_RDWR | constants.O_CREAT);
  } catch (cause) {
    throw new Failure(`${file} cannot be written`, { cause });
  }
}

async function writeAll(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, at, bytes.length - at, position + at);
    at += bytesWritten;
  }
}

/** Replaces it as a whole: its bytes are on the disk before its name is. */
async function writeState(file: string, state: ExportState): Promise<void> {
  const handle = await open(`${file}.new`, 'w');
  try {
    await handle.writeFile(JSON.stringify(state));
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(`${file}.new`, file);
}

async function readState(file: string): Promise<ExportState | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new Failure(`${file} cannot be read`, { cause });
  }
  try {
    return stateSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new Failure(`${file} is not the state of an export: remove it, and its file`, { cause });
  }
}
