import { between, randomOf } from './random.ts';

/** Errors that are planted to see that a check catches them. */
export const plants = [
  'ack-before-fsync',
  'new-batch-id',
  'retry-all',
  'release-too-soon',
  'cut-at-damage',
  'lock-is-believed',
  'any-tenant',
  'wall-clock',
  'waits-without-bound',
] as const;
export type Plant = (typeof plants)[number];

/** One process: what it records, and when it ends. */
export interface Life {
  readonly seed: number;
  /** Counts up from 0. */
  readonly number: number;
  /** `metadata.n` of its first event, and how many it records. */
  readonly from: number;
  readonly events: number;
  /** Bytes that an event carries along. */
  readonly padding: number;
  readonly lingerMs: number;
  readonly maxBatchEvents: number;
  readonly maxBufferEvents: number;
  /** Events recorded at a time. */
  readonly burst: number;
  /** It kills itself at this step: an operation on the disk or the stream, before or after; or an answer. */
  readonly killAt: number | undefined;
  /** Whether power is lost with it, and with what. */
  readonly power: boolean;
  /** What befalls it besides. */
  readonly trouble: Trouble;
  /** Some of its events are awaited until `accepted`. */
  readonly isPatient: boolean;
  readonly keepUntil: 'accepted' | 'committed';
  /** `maxBytes` of its spool: a segment is an eighth. */
  readonly spoolBytes: number;
}

/**
 * `disk`: some fsyncs and reads fail. `rot`: a bit of the spool flips after its end. `frozen`: it stands still while the
 * next one takes its spool, and then goes on. `foreign`: it has the key of another tenant. `clock`: its machine's
 * clock is set back by an hour, again and again. `memory`: it records more than its heap can hold, and awaits nothing.
 */
export type Trouble = 'none' | 'disk' | 'rot' | 'frozen' | 'foreign' | 'clock' | 'memory';

/** Heap of a process whose trouble is `memory`, MB; with its buffers, which are beside the heap, it may take this. */
export const heapMb = 100;
export const memoryMb = 400;
/** What it then records, of 20 KB each. */
export const floodEvents = 20_000;
/** `metadata.n` of the first of them. */
export const floodFrom = 1_000_000;

/** All choices of a seed: the same for the same seed. */
export function planOf(seed: number): Life[] {
  const random = randomOf(seed);
  const kills = between(random, 1, 3);
  const lives: Life[] = [];
  let from = 0;
  const others = randomOf(seed ^ 0xace);
  const floods = randomOf(seed ^ 0xf100d);
  const keepUntil = others() < 0.3 ? 'committed' : 'accepted';
  for (let number = 0; number <= kills; number++) {
    const isLast = number === kills;
    const events = between(random, 1, isLast ? 20 : 120);
    const killAt = isLast ? undefined : Math.ceil(120 * random() ** 2) + 1;
    const drawn = troubleOf(others, { number, isLast });
    // It ends by itself if it ends well: its kill would come before its flood.
    const trouble = drawn === 'none' && isLast && floods() < 0.4 ? 'memory' : drawn;
    lives.push({
      seed,
      number,
      from,
      events,
      padding: random() < 0.2 ? 8000 : between(random, 0, 300),
      lingerMs: between(random, 0, 20),
      maxBatchEvents: between(random, 1, random() < 0.7 ? 5 : 40),
      maxBufferEvents: random() < 0.3 ? 10 : 1000,
      burst: between(random, 1, 20),
      killAt: trouble === 'frozen' ? 100_000 : killAt,
      power: random() < 0.6 && trouble !== 'rot' && trouble !== 'frozen',
      ...{ trouble, keepUntil, isPatient: others() < 0.5 },
      spoolBytes: others() < 0.6 ? 64 * 1024 : 1024 * 1024,
      // Or the flood would take minutes to be delivered.
      ...(trouble === 'memory' && { maxBatchEvents: 40, maxBufferEvents: 50 }),
    });
    from += events;
  }
  return lives;
}

function troubleOf(
  random: () => number,
  { number, isLast }: { readonly number: number; readonly isLast: boolean },
): Trouble {
  const draw = random();
  if (isLast) return draw < 0.3 ? 'clock' : draw < 0.5 ? 'disk' : 'none';
  if (draw < 0.25) return 'disk';
  if (draw < 0.45) return 'rot';
  if (draw < 0.6) return 'frozen';
  if (draw < 0.75 && number > 0) return 'foreign';
  return draw < 0.85 ? 'clock' : 'none';
}

/** What becomes of a request. */
export type RequestFate =
  | { readonly kind: 'answered' | 'throttled' | 'failed' | 'cut' | 'cut-after' }
  | { readonly kind: 'delayed'; readonly ms: number }
  /** Bit i % 16 of the mask: record i is not taken. */
  | { readonly kind: 'partial'; readonly mask: number };

/** What becomes of a seed's requests to the stream, one after the other. */
export function* fatesOf(seed: number): Generator<RequestFate, never> {
  const random = randomOf(seed ^ 0x5eed);
  for (;;) {
    const draw = random();
    if (draw < 0.35) yield { kind: 'answered' };
    else if (draw < 0.45) yield { kind: 'throttled' };
    else if (draw < 0.5) yield { kind: 'failed' };
    else if (draw < 0.57) yield { kind: 'cut' };
    else if (draw < 0.65) yield { kind: 'cut-after' };
    else if (draw < 0.73) yield { kind: 'delayed', ms: between(random, 1, 40) };
    else yield { kind: 'partial', mask: between(random, 1, 0xfffe) };
  }
}
