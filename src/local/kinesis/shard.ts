import { type HashKeyRange, hashKeyText } from './hash-key.ts';
import { limits } from './limits.ts';
import { formatSequenceNumber, lastPlace } from './sequence-number.ts';
import { Throughput } from './throughput.ts';

export interface StoredRecord {
  readonly sequenceNumber: string;
  readonly partitionKey: string;
  readonly data: Buffer;
  /** Milliseconds since the epoch; never less than that of the record before it. */
  readonly arrival: number;
}

export interface ShardOrigin {
  /** Its place among all shards that the stream ever had, from 0. */
  readonly number: number;
  readonly range: HashKeyRange;
  /** Milliseconds since the epoch. */
  readonly began: number;
  /** None, the shard that was split, or the two that were merged. */
  readonly parents: readonly string[];
}

interface Reading {
  readonly records: readonly StoredRecord[];
  /** The place to read on from. */
  readonly next: number;
}

/** How many trimmed records may keep their slots before the array is cut. */
const slack = 1024;

/** One shard: records in the order they came, each at a place counted from 1 that it keeps for ever. */
export class Shard {
  readonly id: string;
  readonly number: number;
  readonly range: HashKeyRange;
  readonly began: number;
  readonly parents: readonly string[];
  /** The range's start, to compare with `hashKeyOf`. */
  readonly startKey: string;

  readonly #throughput: Throughput;
  #records: StoredRecord[] = [];
  /** Slots at the head of `#records` whose record is trimmed. */
  #trimmed = 0;
  /** Place of the record in slot 0. */
  #base = 1;
  #lastArrival: number;
  #ended: number | undefined;

  constructor(origin: ShardOrigin) {
    this.id = `shardId-${String(origin.number).padStart(12, '0')}`;
    this.number = origin.number;
    this.range = origin.range;
    this.began = origin.began;
    this.parents = origin.parents;
    this.startKey = hashKeyText(origin.range.start);
    this.#throughput = new Throughput(origin.began);
    this.#lastArrival = origin.began;
  }

  /** When it was closed, milliseconds since the epoch; undefined while it is open. */
  get ended(): number | undefined {
    return this.#ended;
  }

  /** The place that the next record gets. */
  get next(): number {
    return this.#base + this.#records.length;
  }

  get startingSequenceNumber(): string {
    return this.#sequenceNumber(0, this.began);
  }

  /** Of a closed shard only. */
  get endingSequenceNumber(): string | undefined {
    return this.#ended === undefined ? undefined : this.#sequenceNumber(lastPlace, this.#ended);
  }

  /** @returns undefined if the shard's throughput is used up. The shard must be open. */
  append(partitionKey: string, data: Buffer, bytes: number, now: number): StoredRecord | undefined {
    if (!this.#throughput.take(bytes, now)) return undefined;
    // A clock set back must not take the order away that `placeAt` searches by.
    const arrival = Math.max(now, this.#lastArrival);
    const sequenceNumber = this.#sequenceNumber(this.next, arrival);
    const record = { sequenceNumber, partitionKey, data, arrival };
    this.#lastArrival = arrival;
    this.#records.push(record);
    return record;
  }

  close(now: number): void {
    this.#ended = Math.max(now, this.#lastArrival);
  }

  /** From a place, or from the oldest record that is left, up to the limits of one GetRecords. */
  read(place: number, limit: number): Reading {
    const first = Math.max(place - this.#base, this.#trimmed);
    let slot = first;
    for (let bytes = 0; slot < this.#records.length && slot - first < limit; slot += 1) {
      const record = this.#records[slot];
      if (record === undefined) break;
      bytes += record.data.length + record.partitionKey.length;
      if (bytes > limits.readBytes && slot > first) break;
    }
    return { records: this.#records.slice(first, slot), next: Math.max(place, this.#base + slot) };
  }

  /** The place of the first record that arrived at this time or later. */
  placeAt(time: number): number {
    let low = this.#trimmed;
    let high = this.#records.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#records[middle]?.arrival ?? 0) < time) low = middle + 1;
      else high = middle;
    }
    return this.#base + low;
  }

  /** Forgets what arrived before. */
  trim(horizon: number): void {
    while ((this.#records[this.#trimmed]?.arrival ?? horizon) < horizon) this.#trimmed += 1;
    if (this.#trimmed < slack || this.#trimmed * 2 < this.#records.length) return;
    this.#records = this.#records.slice(this.#trimmed);
    this.#base += this.#trimmed;
    this.#trimmed = 0;
  }

  #sequenceNumber(place: number, arrival: number): string {
    return formatSequenceNumber({ began: this.began, place, shard: this.number }, arrival);
  }
}
