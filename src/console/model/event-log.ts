import { type Api, ApiProblem } from '../page/api.ts';
import { type Row, readRow } from '../page/row.ts';
import { type EventPage, splitPage } from '../page/split-page.ts';
import { toParams } from '../question/params.ts';
import type { Question } from '../question/question.ts';

export interface LogState {
  /** In the order of the question. */
  readonly rows: readonly Row[];
  readonly isLoading: boolean;
  readonly problem: ApiProblem | undefined;
  /** Whether there is nothing behind the rows. */
  readonly isComplete: boolean;
  /** Whether a page said that it is not in exact order. */
  readonly isPartial: boolean;
  /** Batches that are not what was sealed, which pages named: what they held is missing. */
  readonly holes: number;
  /** Whether a page said that the filter leaves out lines that are no valid event. */
  readonly isFaultyLeftOut: boolean;
}

const nothing: LogState = {
  rows: [],
  isLoading: false,
  problem: undefined,
  isComplete: false,
  isPartial: false,
  holes: 0,
  isFaultyLeftOut: false,
};

/** The first page comes soon, the others are few. */
const firstPage = '200';
const otherPages = '1000';
/** Some 100 MB of text. What is behind it is better exported. */
export const maxRows = 100_000;
/** Pages that a poll may be behind; then the log is begun anew. */
const maxBehind = 5;

interface Newer {
  readonly fresh: readonly Row[];
  /** What is behind the last page. */
  readonly next: string | undefined;
  readonly isJoined: boolean;
}

/** The events of one question, loaded page by page. One request at a time; a new question ends the one before. */
export class EventLog {
  readonly #onChange: () => void;
  #api: Api | undefined;
  #question: Question | undefined;
  #abort = new AbortController();
  #state = nothing;
  #keys = new Set<string>();
  #next: string | undefined;
  #etag: string | undefined;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  get state(): LogState {
    return this.#state;
  }

  /** Starts anew. */
  async ask(api: Api, question: Question): Promise<void> {
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#api = api;
    this.#question = question;
    this.#clear();
    await this.#load(firstPage);
  }

  /** One page more, if there is one and nothing is under way. */
  async more(): Promise<void> {
    const { isLoading, isComplete, rows } = this.#state;
    if (isLoading || isComplete || rows.length >= maxRows) return;
    await this.#load(otherPages);
  }

  /** Page after page, up to {@link maxRows}. Ended by {@link stop}, a new question, or an error. */
  async all(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted && !this.#state.isComplete && this.#state.rows.length < maxRows) {
      await this.#load(otherPages);
      if (this.#state.problem !== undefined) return;
    }
  }

  /** What is loaded stays. */
  stop(): void {
    this.#abort.abort();
    this.#abort = new AbortController();
    if (this.#state.isLoading) this.#set({ isLoading: false });
  }

  /**
   * Looks for newer events, and puts them on top. Only of a log that is newest first. Late events further down than a
   * page are not found so.
   *
   * @returns how many there were
   */
  async poll(): Promise<number> {
    if (this.#state.isLoading || this.#question?.order !== 'desc') return 0;
    const { signal } = this.#abort;
    const { fresh, next, isJoined } = await this.#newer(signal);
    if (signal.aborted || fresh.length === 0) return 0;
    if (isJoined) this.#add(fresh, { isComplete: this.#state.isComplete, isOnTop: true });
    else {
      // They do not reach down to what is loaded: a hole would look as if nothing had happened.
      this.#clear();
      this.#next = next;
      this.#add(fresh, { isComplete: next === undefined, isOnTop: true });
    }
    return fresh.length;
  }

  /** What is not known yet, down to the first page that holds something known. */
  async #newer(signal: AbortSignal): Promise<Newer> {
    const fresh: Row[] = [];
    let cursor: string | undefined;
    for (let pages = 0; pages < maxBehind; pages++) {
      const isFirst = cursor === undefined;
      const page = await this.#fetch(
        isFirst ? firstPage : otherPages,
        cursor,
        signal,
        isFirst ? this.#etag : undefined,
      );
      const rows = page?.items.map(readRow) ?? [];
      const unknown = rows.filter(({ key }) => !this.#keys.has(key));
      fresh.push(...unknown);
      cursor = page?.next;
      if (page === undefined || unknown.length < rows.length)
        return { fresh, next: cursor, isJoined: true };
      if (cursor === undefined) break;
    }
    return { fresh, next: cursor, isJoined: false };
  }

  async #load(limit: string): Promise<void> {
    const { signal } = this.#abort;
    this.#set({ isLoading: true, problem: undefined });
    try {
      const page = await this.#fetch(limit, this.#next, signal);
      if (signal.aborted || page === undefined) return;
      this.#next = page.next;
      if (page.order === 'partial') this.#set({ isPartial: true });
      if (page.holes > 0) this.#set({ holes: this.#state.holes + page.holes });
      if (page.isFaultyLeftOut) this.#set({ isFaultyLeftOut: true });
      const isComplete = page.next === undefined;
      this.#add(page.items.map(readRow), { isComplete, isOnTop: false });
      this.#set({ isLoading: false });
    } catch (error) {
      if (signal.aborted) return;
      this.#set({ isLoading: false, problem: asProblem(error) });
    }
  }

  async #fetch(
    limit: string,
    cursor: string | undefined,
    signal: AbortSignal,
    etag?: string,
  ): Promise<EventPage | undefined> {
    if (this.#api === undefined || this.#question === undefined) return undefined;
    const params = toParams(this.#question);
    params.set('limit', limit);
    if (cursor !== undefined) params.set('cursor', cursor);
    const response = await this.#api('/v1/events', {
      params,
      signal,
      ...(etag === undefined ? {} : { etag }),
    });
    if (response.status === 304) return undefined;
    if (cursor === undefined) this.#etag = response.headers.get('etag') ?? undefined;
    return splitPage(await response.text());
  }

  #add(rows: readonly Row[], how: { isComplete: boolean; isOnTop: boolean }): void {
    const added = rows.filter(({ key }) => !this.#keys.has(key) && this.#keys.add(key));
    const before = this.#state.rows;
    const all = how.isOnTop ? [...added, ...before] : [...before, ...added];
    const [top] = before;
    // A late one belongs further down.
    if (how.isOnTop && added.some(({ id }) => top !== undefined && id < top.id))
      all.sort((a, b) => (a.id < b.id ? 1 : a.id > b.id ? -1 : 0));
    this.#set({ rows: all, isComplete: how.isComplete });
  }

  #clear(): void {
    this.#keys = new Set();
    this.#next = undefined;
    this.#etag = undefined;
    this.#set(nothing);
  }

  #set(change: Partial<LogState>): void {
    this.#state = { ...this.#state, ...change };
    this.#onChange();
  }
}

/** Any error as one that can be shown. */
export function asProblem(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  const text = error instanceof Error ? error.message : String(error);
  return new ApiProblem(0, '', `The answer could not be understood: ${text}`, { cause: error });
}
