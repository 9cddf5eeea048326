import type { Api } from '../page/api.ts';
import { filterParams } from '../question/params.ts';
import type { Question } from '../question/question.ts';
import type { Counted } from './buckets.ts';

/** What `GET /v1/stats` answers, as far as it is used here. */
interface StatsPage {
  readonly groups: readonly {
    readonly hour?: string;
    readonly outcome?: string;
    readonly count: number;
  }[];
  readonly faulty: number;
  readonly approximate: boolean;
  readonly reasons: readonly { readonly code: string; readonly count: number }[];
  readonly next: string | null;
}

export interface LogCounts {
  readonly counted: readonly Counted[];
  readonly total: number;
  /** Lines that are no valid event; when they were, the counts do not say. */
  readonly faulty: number;
  /** Why counts may be off; empty if they are exact. */
  readonly reasons: readonly string[];
  /** False: there are more than were counted. */
  readonly complete: boolean;
}

/** Pages of counts, each some seconds of work of the service at most. */
const maxPages = 5;

/** Counts the whole log of a question by hour and outcome, without loading events. */
export async function countLog(
  api: Api,
  question: Question,
  signal: AbortSignal,
): Promise<LogCounts> {
  const counted: Counted[] = [];
  const reasons = new Set<string>();
  let faulty = 0;
  let cursor: string | null = null;
  for (let page = 0; page < maxPages; page++) {
    const params = filterParams(question);
    params.append('by', 'hour');
    params.append('by', 'outcome');
    if (cursor !== null) params.set('cursor', cursor);
    const answer = (await (await api('/v1/stats', { params, signal })).json()) as StatsPage;
    for (const { hour = '', outcome = '', count } of answer.groups)
      counted.push({ time: Date.parse(hour), outcome, count });
    if (answer.approximate) for (const { code } of answer.reasons) reasons.add(code);
    faulty += answer.faulty;
    cursor = answer.next;
    if (cursor === null) break;
  }
  const total = counted.reduce((sum, { count }) => sum + count, faulty);
  return { counted, total, faulty, reasons: [...reasons], complete: cursor === null };
}
