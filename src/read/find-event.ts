import { fromTime } from '../domain/encoding.ts';
import { isTaken } from '../domain/retention.ts';
import { timeOfUuid } from '../domain/uuid.ts';
import type { Summary } from '../store/batch-store.ts';
import type { BatchPlace } from './batch-name.ts';
import { type Bounds, withinBounds } from './bounds.ts';
import { type EventQuery, isBeyond, isWanted, rangeOf } from './choose-batch.ts';
import type { Hole } from './hole.ts';
import { inTurn } from './in-turn.ts';
import { pageBudget, type ReadOptions } from './list-events.ts';
import { eventsOf, openOrHole } from './open-batch.ts';
import type { Budget } from './page-events.ts';
import { answerSize, type ReadEvent } from './read-event.ts';
import { Retention } from './retention.ts';
import { Scan } from './scan.ts';

/** Lines given at once: with what stands beside each, or its proof, they stay under the 6 MB of a Lambda answer. */
const maxGiven = 100;
/** Records read at once. */
const company = 16;

export interface FoundEvents {
  /** Those of different clients first, then of different producers, then of different batches. */
  readonly found: readonly ReadEvent[];
  /** Whether there may be others, in batches that one request does not reach or beyond what an answer holds. */
  readonly more: boolean;
  readonly holes: readonly Hole[];
}

export interface FindOptions {
  readonly tenant: string;
  /** UUIDv7. */
  readonly id: string;
  readonly bounds: Bounds | undefined;
  /** The one batch to look into; undefined: all whose time that of the id is within. */
  readonly batch: BatchPlace | undefined;
}

/**
 * All lines that bear an id: one pass over the batches whose range holds its millisecond, each opened once at most, and
 * nothing kept of them but those lines. Clients take turns, for which batches are opened and for which lines are given:
 * however much one of them writes under the id or its millisecond, it cannot hide another's event.
 */
export async function findEvents(asked: FindOptions, options: ReadOptions): Promise<FoundEvents> {
  const { tenant, id, bounds, batch } = asked;
  const time = timeOfUuid(id);
  const within = withinBounds({ from: time, to: time + 1, filter: [], question: id }, bounds);
  if (within.from !== time || within.to !== time + 1) return { found: [], more: false, holes: [] };
  const query: EventQuery = {
    ...within,
    tenant,
    order: 'asc',
    limit: maxGiven,
    position: {},
    faulty: within.strict ? 'left-out' : 'shown',
  };
  const pass = new Pass(query, id, options);
  if (batch === undefined) return pass.result(await pass.all());
  await pass.open([batch]);
  return pass.result(true);
}

/** A batch that may hold the id. Of its summary only what is needed: there may be 20,000. */
type Candidate = Pick<Summary, 'key' | 'shard' | 'client' | 'producer'>;

class Pass {
  readonly #query: EventQuery;
  readonly #id: string;
  readonly #options: ReadOptions;
  readonly #budget: Budget;
  readonly #found: ReadEvent[] = [];
  readonly #holes: Hole[] = [];
  #bytes = 0;

  constructor(query: EventQuery, id: string, options: ReadOptions) {
    this.#query = query;
    this.#id = id;
    this.#options = options;
    this.#budget = pageBudget(options.now());
  }

  /** Whether all batches were looked into. */
  async all(): Promise<boolean> {
    const { chosen, isWhole } = await this.#candidates();
    for (let at = 0; at < chosen.length; at += company) {
      // The first ones are always allowed.
      if (at > 0 && (this.#bytes >= this.#budget.bytes || this.#isLate())) return false;
      await this.open(chosen.slice(at, at + company));
    }
    return isWhole;
  }

  async open(places: readonly BatchPlace[]): Promise<void> {
    const { reader, grants, now } = this.#options;
    const { tenant, filter, faulty } = this.#query;
    for (const stored of await reader.records(tenant, places)) {
      this.#bytes += stored.record.length;
      const opened = await openOrHole(tenant, stored, grants);
      if (opened.kind === 'hole') {
        this.#holes.push(opened);
        continue;
      }
      const to = fromTime(opened.record.manifest.to) ?? Number.NaN;
      const { expires } = stored;
      if (isTaken({ to, expires }, opened.grant.retentionDays, now())) continue;
      for (const event of eventsOf(opened, filter))
        if (event.id === this.#id && !(faulty === 'left-out' && event.fault !== undefined))
          this.#found.push(event);
    }
  }

  /** A copy of a line by another client is another answer: whose came first cannot be known, nor who copied. */
  result(isWhole: boolean): FoundEvents {
    const distinct = new Map(this.#found.map((each) => [`${each.client} ${each.hash}`, each]));
    const validFirst = [...distinct.values()].sort((a, b) => rankOf(a) - rankOf(b));
    const all = inTurn(validFirst, [
      ({ client }) => client,
      ({ producer }) => producer,
      ({ batch }) => batch,
    ]);
    const found: ReadEvent[] = [];
    let size = 0;
    for (const each of all) {
      size += answerSize(each);
      if (found.length > 0 && (found.length >= maxGiven || size > this.#budget.answerBytes)) break;
      found.push(each);
    }
    return { found, more: !isWhole || found.length < all.length, holes: this.#holes };
  }

  #isLate(): boolean {
    return this.#options.now() >= this.#budget.deadline;
  }

  /** Their clients in turn, and of one client its producers: what a summary says of them only decides who comes first. */
  async #candidates(): Promise<{ chosen: readonly Candidate[]; isWhole: boolean }> {
    const { reader, grants, now } = this.#options;
    const query = this.#query;
    const scan = new Scan(reader, query.tenant, rangeOf(query));
    const retention = new Retention(grants, now);
    const isSpent = () =>
      scan.queries > 0 &&
      (scan.read + 10 * scan.queries >= this.#budget.summaries || this.#isLate());
    const chosen: Candidate[] = [];
    for (;;) {
      const next = await scan.peek(() => !isSpent());
      const isLast = next === 'end' || (next !== 'unknown' && isBeyond(next, query));
      if (isLast || next === 'unknown')
        return {
          chosen: inTurn(chosen, [({ client }) => client, ({ producer }) => producer]),
          isWhole: isLast,
        };
      await retention.learn(next, () => scan.upcoming());
      const { key, shard, client, producer } = next;
      if (isWanted(next, query, (each) => retention.isTaken(each)))
        chosen.push({ key, shard, client, producer });
      scan.skip();
    }
  }
}

function rankOf({ fault }: ReadEvent): number {
  return fault === undefined ? 0 : 1;
}
