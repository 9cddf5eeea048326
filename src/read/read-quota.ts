import { SealtrailError } from '../domain/error.ts';
import { describeError, type Log } from '../lambda/log.ts';
import type { Reader } from './access.ts';

/**
 * What one reader may ask a minute, in units: a request is one, and each 100 ms that it worked for is one more. So 600
 * units are ten quick requests a second, or one request after another without a pause.
 */
interface ReadLimits {
  /** Of an API key, or of one client of an OpenID provider, with all viewer tokens that it made. */
  readonly key: number;
  /** Of one viewer token. */
  readonly viewer: number;
}

export interface ReadQuotaOptions {
  readonly limits: ReadLimits;
  /** Adds to a name's count of the minute of `now` (epoch ms), which all containers share; returns the sum. */
  readonly add: (name: string, units: number, now: number) => Promise<number>;
  /** Epoch ms. */
  readonly now: () => number;
  readonly log: Log;
}

export interface ReadQuota {
  /** Throws `quota-exceeded` for a reader that is over its limit this minute. */
  admit(reader: Reader): Promise<void>;
  /** Counts a request that was admitted, by how long it worked, ms. Never throws. */
  charge(reader: Reader, ms: number): Promise<void>;
}

/** What this container knows of a name in one minute. */
interface Count {
  readonly minute: number;
  /** Units that the other containers were not told of yet; below 0 if they were told of some in advance. */
  untold: number;
  isTold: boolean;
  isOver: boolean;
  /** What is told in advance, units; 0 for a reader that was not told of lately. */
  readonly advance: number;
  /** Units of the dearest request; of those of earlier minutes, half as many for each minute since. */
  dearest: number;
}

interface Name {
  readonly name: string;
  readonly limit: number;
}

/**
 * A container tells the others what it has seen once that is this part of the limit. A reader that asks less costs no
 * write at all, and `n` containers let it go on for n/50 of its limit more, once.
 */
const parts = 50;
const maxNames = 10_000;
const msPerUnit = 100;
const minuteMs = 60_000;
/** While the shared count does not answer, it is not asked again for this long, ms: reads must not wait for it. */
const pauseMs = 10_000;

/**
 * Counts what each reader asks, in this container and with the others. A reader that was told of before is counted in
 * advance in the next minute: otherwise each of a hundred containers would let it begin one more long request.
 * The count that fails refuses nobody.
 */
export function readQuota({ limits, add, now, log }: ReadQuotaOptions): ReadQuota {
  /** Those not heard of for longest come first, and are forgotten first. */
  const counts = new Map<string, Count>();
  let pausedUntil = 0;

  function countOf(name: string): Count {
    const minute = Math.floor(now() / minuteMs);
    const before = counts.get(name);
    const count = before?.minute === minute ? before : following(before, minute);
    counts.delete(name);
    counts.set(name, count);
    const [oldest] = counts.keys();
    if (counts.size > maxNames && oldest !== undefined) counts.delete(oldest);
    return count;
  }

  async function tell({ name, limit }: Name, count: Count, units: number): Promise<void> {
    if (now() < pausedUntil) return;
    count.untold -= units;
    count.isTold = true;
    try {
      count.isOver = (await add(name, units, count.minute * minuteMs)) > limit || count.isOver;
    } catch (error) {
      count.untold += units;
      pausedUntil = now() + pauseMs;
      log.count('ReadsUncounted', 1);
      log.error('the count of reads does not answer', describeError(error));
    }
  }

  async function admitName(named: Name): Promise<void> {
    const count = countOf(named.name);
    if (!count.isTold && count.advance > 0)
      await tell(named, count, Math.max(count.advance, partOf(named.limit)));
    if (count.isOver)
      throw new SealtrailError(
        'quota-exceeded',
        'too many requests, or too much work, of this reader this minute; try again in the next',
      );
  }

  async function chargeName(named: Name, units: number): Promise<void> {
    const count = countOf(named.name);
    count.untold += units;
    count.dearest = Math.max(count.dearest, units);
    if (count.untold >= partOf(named.limit)) await tell(named, count, count.untold);
  }

  return {
    async admit(reader) {
      await Promise.all(namesOf(reader, limits).map(admitName));
    },
    async charge(reader, ms) {
      const units = 1 + Math.floor(Math.max(ms, 0) / msPerUnit);
      await Promise.all(namesOf(reader, limits).map((named) => chargeName(named, units)));
    },
  };
}

function partOf(limit: number): number {
  return Math.ceil(limit / parts);
}

/** The next minute begins with what was not told; only who was told of is counted in advance. */
function following(before: Count | undefined, minute: number): Count {
  const fresh = { minute, untold: 0, isTold: false, isOver: false, advance: 0, dearest: 0 };
  if (before === undefined) return fresh;
  // A reader that is refused asks nothing, and is as heavy as it was.
  const halvings = minute - before.minute - (before.isOver ? 1 : 0);
  const dearest = before.isTold ? Math.floor(before.dearest / 2 ** halvings) : 0;
  return { ...fresh, untold: Math.max(before.untold, 0), advance: dearest, dearest };
}

/** What a reader is counted by: a viewer token by itself, and with its key. */
function namesOf({ keyId, viewer }: Reader, limits: ReadLimits): Name[] {
  const key = `read#${keyId}`;
  return [
    { name: key, limit: limits.key },
    ...(viewer === undefined ? [] : [{ name: `${key}#${viewer}`, limit: limits.viewer }]),
  ];
}
