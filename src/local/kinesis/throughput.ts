import { limits } from './limits.ts';

/**
 * What one shard may take: 1 MiB and 1,000 records a second, each a tank that refills steadily and holds
 * one second's worth (https://docs.aws.amazon.com/streams/latest/dev/large-records.html tells it so).
 */
export class Throughput {
  #records: number = limits.shardRecords;
  #bytes: number = limits.shardBytes;
  #at: number;

  constructor(now: number) {
    this.#at = now;
  }

  /** Takes one record of so many bytes from the tanks; false, and nothing taken, if they hold too little. */
  take(bytes: number, now: number): boolean {
    const seconds = Math.max(0, now - this.#at) / 1000;
    this.#at = Math.max(now, this.#at);
    this.#records = Math.min(limits.shardRecords, this.#records + seconds * limits.shardRecords);
    this.#bytes = Math.min(limits.shardBytes, this.#bytes + seconds * limits.shardBytes);
    if (this.#records < 1 || this.#bytes < bytes) return false;
    this.#records -= 1;
    this.#bytes -= bytes;
    return true;
  }
}
