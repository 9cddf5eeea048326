import {
  DeleteObjectCommand,
  GetObjectCommand,
  NoSuchKey,
  PutObjectCommand,
  paginateListObjectsV2,
} from '@aws-sdk/client-s3';
import { describeError } from '../describe-error.ts';
import { UsageError } from '../failure.ts';
import type { Session } from '../session.ts';
import { type BucketName, type Contents, type Letter, parseObject } from './letter.ts';

interface Place {
  readonly bucket: BucketName;
  readonly key: string;
}

/** An object of a bucket, read. */
export interface DeadObject extends Place {
  /** Undefined if it is of no form that we know: then `odd` says why. */
  readonly contents: Contents | undefined;
  readonly odd?: string;
}

/** Objects that are read at once: one in quarantine is one record. */
const readAhead = 32;

/** What lies in the two buckets. They are the list: the queue's messages end after 14 days, the objects do not. */
export interface DeadLetters {
  /** Names everything that is there now, then reads it piece by piece: what comes meanwhile is not met. */
  objects(onRead?: (read: number, of: number) => void): AsyncGenerator<DeadObject>;
  /** Undefined if it is not there. */
  read(place: Place): Promise<DeadObject | undefined>;
  /**
   * Takes letters out of their object, which is removed with its last one. The buckets keep versions: what
   * was there can be had again. Two who do this at once can only bring letters back, and what comes back can
   * be redriven again.
   */
  remove(object: DeadObject, done: ReadonlySet<Letter>): Promise<DeadObject | undefined>;
}

export function createDeadLetters({ aws: { s3 }, outputs }: Session): DeadLetters {
  const names = { quarantine: outputs.QuarantineBucket, redrive: outputs.RedriveBucket };

  async function read({ bucket, key }: Place): Promise<DeadObject | undefined> {
    try {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: names[bucket], Key: key }));
      return parsed(bucket, key, (await Body?.transformToString()) ?? '');
    } catch (error) {
      if (error instanceof NoSuchKey) return undefined;
      throw error;
    }
  }

  async function list(): Promise<Place[]> {
    const places: Place[] = [];
    for (const bucket of ['quarantine', 'redrive'] as const) {
      for await (const { Contents: found = [] } of paginateListObjectsV2(
        { client: s3 },
        { Bucket: names[bucket] },
      ))
        for (const { Key: key } of found) if (key !== undefined) places.push({ bucket, key });
    }
    return places;
  }

  return {
    read,
    async *objects(onRead = () => {}) {
      const places = await list();
      for (let i = 0; i < places.length; i += readAhead) {
        const part = await Promise.all(places.slice(i, i + readAhead).map(read));
        onRead(Math.min(i + readAhead, places.length), places.length);
        yield* part.filter((object) => object !== undefined);
      }
    },
    async remove({ bucket, key, contents }, done) {
      const at = { Bucket: names[bucket], Key: key };
      const left = contents?.without(done);
      if (left === undefined) {
        await s3.send(new DeleteObjectCommand(at));
        return undefined;
      }
      await s3.send(new PutObjectCommand({ ...at, Body: left }));
      return parsed(bucket, key, left);
    },
  };
}

function parsed(bucket: BucketName, key: string, text: string): DeadObject {
  try {
    return { bucket, key, contents: parseObject(bucket, key, text) };
  } catch (error) {
    return { bucket, key, contents: undefined, odd: describeError(error).slice(0, 300) };
  }
}

/** Takes `<bucket>/<key>` or `<bucket>/<key>#<record>` apart. */
export function parseId(id: string): Place & { readonly record: string | undefined } {
  const [, bucket, key = '', record] = /^(quarantine|redrive)\/([^#]+)(?:#(\d+))?$/.exec(id) ?? [];
  if (bucket !== 'quarantine' && bucket !== 'redrive')
    throw new UsageError(
      `${id} is no id of a dead letter: \`dlq ls --reason CODE\` shows them, such as redrive/2026/11/24/…#4956`,
    );
  return { bucket, key, record };
}
