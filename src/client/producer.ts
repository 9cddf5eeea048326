import type { SealtrailError } from '../domain/error.ts';
import { Chain } from './chain.ts';
import type { Clock, ServerClock } from './clock.ts';
import { cutWhere } from './draft.ts';
import type { Entry } from './entry.ts';
import type { EventBuffer } from './event-buffer.ts';
import { type TimeBounds, untimelyForever } from './event-time.ts';
import { restamp, timeProblem } from './prepare-event.ts';
import type { SealedBatch } from './sealed-batch.ts';
import type { Session } from './session.ts';
import type { ChainState } from './spool/frame.ts';

const dayMs = 86_400_000;
/** Below it the machine's clock counts as right: batches merely wait until their `to` has come. */
const clockToleranceMs = 1000;

export interface ProducerDeps {
  readonly clock: Clock;
  readonly serverClock: ServerClock;
  /** A UUIDv7 of an epoch ms. */
  readonly mint: (ms: number) => string;
  /** What was taken will not be sent; whoever recorded it is told. */
  readonly reject: (entry: Entry, error: SealtrailError) => void;
}

/** Turns what the buffer holds into the batches of one chain, from the first session on. */
export class Producer {
  readonly #serverClock: ServerClock;
  readonly #mint: (ms: number) => string;
  readonly #buffer: EventBuffer;
  readonly #reject: ProducerDeps['reject'];
  readonly #isSpooled: boolean;
  #chain: Chain | undefined;
  #retentionDays: number | undefined;

  /** `spool`: what is in the buffer is written down already; its `chain` goes on, if it has one. */
  constructor(
    { serverClock, mint, reject }: ProducerDeps,
    buffer: EventBuffer,
    spool?: { readonly chain: ChainState | undefined },
  ) {
    this.#serverClock = serverClock;
    this.#mint = mint;
    this.#reject = reject;
    this.#buffer = buffer;
    this.#isSpooled = spool !== undefined;
    if (spool?.chain !== undefined) {
      const { producer, client, ...place } = spool.chain;
      this.#chain = new Chain(producer, client, place);
    }
  }

  /** Whose chain it is, once there is one. */
  get client(): string | undefined {
    return this.#chain?.client;
  }

  /** An event older than this would be refused by the consumer. Epoch ms, once it is known. */
  get earliest(): number | undefined {
    if (this.#retentionDays === undefined) return undefined;
    return this.#serverClock.now() - this.#retentionDays * dayMs;
  }

  /** A new session. The first names the client, and has told whether the machine's clock is right. */
  begin(session: Session): void {
    this.#retentionDays = session.retentionDays;
    if (this.#chain !== undefined) return;
    this.#chain = new Chain(this.#mint(this.#serverClock.now()), session.client);
    const { offset } = this.#serverClock;
    if (this.#isSpooled) return; // what is durable never changes, and cannot be refused any more
    const shift = Math.abs(offset) >= clockToleranceMs ? offset : 0;
    this.#revise(shift);
  }

  /** The next draft as a batch, or as several: what the store will refuse spoils no other event. */
  seal(): SealedBatch[] {
    const draft = this.#chain === undefined ? undefined : this.#buffer.take();
    if (draft === undefined || this.#chain === undefined) return [];
    const chain = this.#chain;
    const { now, bounds } = { now: this.#serverClock.now(), bounds: this.#bounds };
    return cutWhere(draft, (time) => untimelyForever(time, bounds)).flatMap((part) =>
      chain.seal(part, now),
    );
  }

  /** The end of the chain; none if nothing was sealed. */
  fin(): SealedBatch | undefined {
    const hasBegun = this.#chain !== undefined && this.#chain.length > 0;
    return hasBegun ? this.#chain?.fin(this.#serverClock.now()) : undefined;
  }

  get #bounds(): TimeBounds {
    return { now: this.#serverClock.now(), synced: true, earliest: this.earliest };
  }

  /**
   * Nothing of what we stamped was told to anyone yet, so the server's time can still be its time. A time that
   * the caller gave is only now compared to the server's: what the store would not take is rejected.
   */
  #revise(shift: number): void {
    const bounds = this.#bounds;
    const problemOf = ({ event }: Entry) =>
      event.provisional ? undefined : timeProblem(event.time, bounds);
    const refused = new Map<Entry, SealtrailError>();
    for (const entry of this.#buffer) {
      const problem = problemOf(entry);
      if (problem !== undefined) refused.set(entry, problem);
    }
    if (shift === 0 && refused.size === 0) return;
    this.#buffer.revise((entry) => {
      const { event } = entry;
      const time = event.time + shift;
      if (event.provisional) entry.event = restamp(event, time, this.#mint(time));
      return !refused.has(entry);
    });
    for (const [entry, problem] of refused) this.#reject(entry, problem);
  }
}
