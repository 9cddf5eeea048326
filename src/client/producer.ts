import { Chain } from './chain.ts';
import type { Clock, ServerClock } from './clock.ts';
import type { Entry } from './entry.ts';
import type { EventBuffer } from './event-buffer.ts';
import { restamp } from './prepare-event.ts';
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
}

/** Turns what the buffer holds into the batches of one chain, from the first session on. */
export class Producer {
  readonly #serverClock: ServerClock;
  readonly #mint: (ms: number) => string;
  readonly #buffer: EventBuffer;
  readonly #isSpooled: boolean;
  #chain: Chain | undefined;
  #retentionDays: number | undefined;

  /** `spool`: what is in the buffer is written down already; its `chain` goes on, if it has one. */
  constructor(
    { serverClock, mint }: ProducerDeps,
    buffer: EventBuffer,
    spool?: { readonly chain: ChainState | undefined },
  ) {
    this.#serverClock = serverClock;
    this.#mint = mint;
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
    if (Math.abs(offset) >= clockToleranceMs && !this.#isSpooled)
      this.#buffer.restamp((entry) => this.#restamp(entry, offset));
  }

  /** The next draft as a batch, or as several; none if there is none. */
  seal(): SealedBatch[] {
    const draft = this.#chain === undefined ? undefined : this.#buffer.take();
    if (draft === undefined || this.#chain === undefined) return [];
    return this.#chain.seal(draft, this.#serverClock.now());
  }

  /** The end of the chain; none if nothing was sealed. */
  fin(): SealedBatch | undefined {
    const hasBegun = this.#chain !== undefined && this.#chain.length > 0;
    return hasBegun ? this.#chain?.fin(this.#serverClock.now()) : undefined;
  }

  /** Nothing of it was told to anyone yet, so the server's time can still be its time. */
  #restamp(entry: Entry, offset: number): void {
    if (!entry.event.provisional) return;
    const time = entry.event.time + offset;
    entry.event = restamp(entry.event, time, this.#mint(time));
  }
}
