import { limits } from '../domain/limits.ts';
import { isTaken } from '../domain/retention.ts';
import type { BatchReader, ReadBatch, Start, Summary } from '../store/batch-store.ts';
import { batchName } from './batch-name.ts';
import { type Lie, liesOf } from './broken.ts';
import { type EventQuery, isBeyond, isWanted, rangeOf } from './choose-batch.ts';
import type { Hole } from './hole.ts';
import { eventsOf, type Grants, openOrHole } from './open-batch.ts';
import { isAfter, Pending } from './pending.ts';
import type { EventPlace, Position } from './position.ts';
import { answerSize, type ReadEvent } from './read-event.ts';
import { Retention } from './retention.ts';
import { boundOf, Scan } from './scan.ts';

/** What one page may cost. However small, a page gets further: one query and one body are always allowed. */
export interface Budget {
  /** Summaries read from the index; a query counts as ten. */
  readonly summaries: number;
  /** Bytes of records read. */
  readonly bytes: number;
  /** What the events given may take in the answer, as `sizeOf` says: bytes. */
  readonly answerBytes: number;
  /** @default answerSize */
  readonly sizeOf?: (event: ReadEvent) => number;
  /** Epoch ms. */
  readonly deadline: number;
}

export interface EventPage {
  readonly events: readonly ReadEvent[];
  /** `partial`: the budget did not reach to order these events among all of their minute; none is missing. */
  readonly order: 'exact' | 'partial';
  /** Undefined when there is nothing more. */
  readonly next: Position | undefined;
  /** Pairs of different events that bear one id. */
  readonly equivocations: number;
  /** Batches of this page's part of the log that are not what was sealed: what they held is missing. */
  readonly holes: readonly Hole[];
  readonly lies: readonly Lie[];
  /** Whether faulty lines that the question leaves out may lie in this page's part of the log. */
  readonly leftOutFaulty: boolean;
}

/** Holes on a page, at most. */
const maxHoles = 500;

export interface PageOptions {
  readonly reader: BatchReader;
  readonly grants: Grants;
  readonly budget: Budget;
  readonly now: () => number;
  /** Summaries a query; for tests. */
  readonly pageSize?: number;
}

/**
 * One page of a tenant's log, in exact order although batches overlap.
 *
 * Batches come by `to`, and none spans over 60 s. Newest first, an event may be given once its time is
 * strictly greater than the next batch's `to`: no later batch can hold a newer one. Oldest first, once
 * its time is less than the next batch's `to` − 60 s. (At equality, events of one millisecond would be
 * given out of order or lost.)
 */
export async function pageEvents(query: EventQuery, options: PageOptions): Promise<EventPage> {
  const page = new PageOfEvents(query, options);
  return page.read();
}

class PageOfEvents {
  readonly #query: EventQuery;
  readonly #options: PageOptions;
  readonly #scan: Scan;
  readonly #pending: Pending;
  readonly #given: ReadEvent[] = [];
  readonly #ahead = new Map<string, ReadBatch | undefined>();
  readonly #retention: Retention;
  readonly #holes: { readonly hole: Hole; readonly summary: Summary }[] = [];
  readonly #lies: Lie[] = [];
  #leftOutFaulty = false;
  /** Key of the batch that was opened last. */
  #lastKey: string | undefined;
  #lastPlace: EventPlace | undefined;
  #answerBytes = 0;
  #bytesRead = 0;
  #equivocations = 0;

  constructor(query: EventQuery, options: PageOptions) {
    this.#query = query;
    this.#options = options;
    this.#pending = new Pending(query.order);
    this.#lastPlace = query.position.after;
    this.#retention = new Retention(options.grants, options.now);
    this.#scan = new Scan(options.reader, query.tenant, rangeOf(query), options.pageSize);
  }

  async read(): Promise<EventPage> {
    for (;;) {
      const next = await this.#scan.peek(() => !this.#isSpent());
      const isLast = next === 'end' || (next !== 'unknown' && isBeyond(next, this.#query));
      this.#give(
        isLast
          ? undefined
          : next === 'unknown'
            ? this.#scan.frontier
            : { key: next.key, inclusive: true },
      );
      if (isLast && this.#pending.size === 0) return this.#page('exact', undefined);
      if (this.#isFull()) return this.#page('exact', this.#resume());
      if (next === 'unknown') return this.#stop();
      if (isLast) continue;
      await this.#retention.learn(next, () => this.#scan.upcoming());
      this.#noteFaulty(next);
      if (!this.#isWanted(next)) {
        this.#scan.skip();
        continue;
      }
      const isBegun = this.#pending.batches.length > 0 || this.#holes.length > 0;
      // Rows of one key, in several shards, have one place: all of them are gone past, or none.
      if (this.#isSpent() && isBegun && next.key !== this.#lastKey) return this.#stop();
      this.#lastKey = next.key;
      await this.#load(next);
      if (this.#query.position.within !== undefined && this.#isWithin(next)) return this.#partial();
    }
  }

  #sizeOf(event: ReadEvent): number {
    return (this.#options.budget.sizeOf ?? answerSize)(event);
  }

  #isWanted(summary: Summary, position = this.#query.position): boolean {
    const query = { ...this.#query, position };
    return isWanted(summary, query, (each) => this.#retention.isTaken(each));
  }

  #noteFaulty({ hasFaults, from, to }: Summary): void {
    const { faulty, from: first, to: end } = this.#query;
    if (faulty === 'left-out' && hasFaults && !(to < first || from >= end))
      this.#leftOutFaulty = true;
  }

  #isSpent(): boolean {
    const { budget, now } = this.#options;
    const { queries, read } = this.#scan;
    if (queries === 0) return false;
    return (
      read + 10 * queries >= budget.summaries ||
      this.#bytesRead >= budget.bytes ||
      this.#holes.length >= maxHoles ||
      now() >= budget.deadline
    );
  }

  #isFull(): boolean {
    const { limit } = this.#query;
    return this.#given.length >= limit || this.#answerBytes >= this.#options.budget.answerBytes;
  }

  #isWithin({ key }: Summary): boolean {
    const { at, within } = this.#query.position;
    return within !== undefined && at?.key === key;
  }

  async #load(summary: Summary): Promise<void> {
    const { tenant, filter, from, to, order, position, text, faulty } = this.#query;
    this.#scan.skip();
    const record = await this.#record(summary);
    if (record === undefined) return; // retention has taken it since the summary was read
    const opened = await openOrHole(tenant, record, this.#options.grants);
    if (opened.kind === 'hole') {
      this.#holes.push({ hole: opened, summary });
      return;
    }
    if (isTaken(summary, opened.grant.retentionDays, this.#options.now())) return;
    const lies = liesOf(summary, opened);
    if (lies.length > 0) this.#lies.push({ batch: opened.name, about: lies });
    const events = eventsOf(opened, filter);
    const within = this.#isWithin(summary) ? position.within : undefined;
    const wanted = events.filter(
      (event) =>
        event.time >= from &&
        event.time < to &&
        (event.fault === undefined ? faulty !== 'alone' : faulty !== 'left-out') &&
        (text === undefined || holdsText(event.line, text)) &&
        isAfter(event, position.after, order) &&
        isAfter(event, within, order),
    );
    this.#pending.add(summary, wanted);
  }

  /** Fetches ahead twice as many each time, so that a short page reads little and a long one asks seldom. */
  async #record(summary: Summary): Promise<ReadBatch | undefined> {
    const place = batchName(summary);
    if (!this.#ahead.has(place)) {
      const count = Math.min(2 ** this.#pending.batches.length, 16) - 1;
      const following = this.#scan
        .upcoming()
        .filter((next) => !isBeyond(next, this.#query) && this.#isWanted(next))
        .slice(0, count);
      const wanted = [summary, ...following];
      const records = await this.#options.reader.records(this.#query.tenant, wanted);
      for (const name of wanted.map(batchName))
        this.#ahead.set(
          name,
          records.find((record) => batchName(record) === name),
        );
    }
    const record = this.#ahead.get(place);
    this.#ahead.delete(place);
    this.#bytesRead += record?.record.length ?? 0;
    return record;
  }

  /** Gives what no batch from `rest` on can come before; everything when nothing is left. */
  #give(rest: Start | undefined): void {
    const { order } = this.#query;
    const bound = boundOf(rest, order);
    const may = ({ time }: ReadEvent) => {
      if (rest === undefined) return true;
      if (bound === undefined) return false;
      return order === 'desc' ? time > bound : time < bound - limits.spanMs;
    };
    for (let event = this.#pending.peek(); event && may(event); event = this.#pending.peek()) {
      if (this.#isFull()) return;
      this.#pending.shift();
      this.#giveOne(event);
    }
  }

  #giveOne(event: ReadEvent): void {
    const last = this.#lastPlace;
    if (last?.id === event.id) {
      if (last.hash === event.hash) return; // the same event in another batch
      this.#equivocations++;
    }
    this.#lastPlace = { id: event.id, hash: event.hash };
    this.#given.push(event);
    this.#answerBytes += this.#sizeOf(event);
  }

  /** The budget is spent. */
  #stop(): EventPage {
    if (this.#given.length === 0 && this.#pending.size > 0) return this.#partial();
    return this.#page('exact', this.#resume());
  }

  /** After an exact page: the first batch not wholly given, or what the scan had not reached. */
  #resume(): Position {
    const open = this.#pending.firstOpen();
    const at =
      open === undefined ? this.#scan.frontier : { key: open.summary.key, inclusive: true };
    return { after: this.#lastPlace, at };
  }

  /**
   * Nothing may be given in exact order within the budget: batches are given whole from the top, or of
   * one that does not fit as much as fits. `after` stays: what is left holds only what was not given.
   */
  #partial(): EventPage {
    const { after } = this.#query.position;
    const { limit } = this.#query;
    let at: Start | undefined = this.#scan.frontier;
    let within: EventPlace | undefined;
    for (const batch of this.#pending.batches) {
      const events = this.#pending.of(batch);
      const key = { key: batch.summary.key, inclusive: true };
      const bytes = events.reduce((sum, event) => sum + this.#sizeOf(event), this.#answerBytes);
      if (
        this.#given.length + events.length <= limit &&
        bytes <= this.#options.budget.answerBytes
      ) {
        for (const event of events) this.#giveOne(event);
        continue;
      }
      at = key;
      if (this.#given.length === 0) {
        for (const event of events) if (!this.#isFull()) this.#giveOne(event);
        const last = this.#given.at(-1);
        within = last && { id: last.id, hash: last.hash };
      }
      break;
    }
    return this.#page('partial', { after, at, within });
  }

  #page(order: EventPage['order'], next: Position | undefined): EventPage {
    const sign = this.#query.order === 'asc' ? 1 : -1;
    if (order === 'partial')
      this.#given.sort((a, b) => sign * (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
    return {
      events: this.#given,
      order,
      next,
      equivocations: this.#equivocations,
      holes: this.#holes
        .filter(({ summary }) => !this.#isMetAgain(summary, next))
        .map(({ hole }) => hole),
      lies: this.#lies,
      leftOutFaulty: this.#leftOutFaulty,
    };
  }

  /** Whether a page behind this one will meet a hole again, and tell of it then: each is told of once. */
  #isMetAgain(summary: Summary, next: Position | undefined): boolean {
    if (next === undefined) return false;
    const { at } = next;
    const { key } = summary;
    const isBehind =
      at !== undefined &&
      (key === at.key ? !at.inclusive : this.#query.order === 'asc' ? key < at.key : key > at.key);
    return !isBehind && this.#isWanted(summary, next);
  }
}

/** Over the line as it is written: a quote within a value is there as `\\"`. */
function holdsText(line: Buffer, text: string): boolean {
  return line.toString('utf8').toLowerCase().includes(text);
}
