import { SealtrailError } from '../domain/error.ts';
import { limits } from '../domain/limits.ts';
import { clause, type Filter, maxMetadataTerm } from '../domain/query.ts';
import type { Order } from '../store/batch-store.ts';
import { isRelative, parseTime } from './parse-time.ts';

/** Which events are asked about. */
export interface ParsedQuestion {
  readonly tenant: string | undefined;
  /** Epoch ms: `from` ≤ time < `to`. */
  readonly from: number;
  readonly to: number;
  /** Whether `from` or `to` was said as how long ago, so that the same words mean another time later. */
  readonly relative: boolean;
  readonly filter: Filter;
  /** Text that the line holds, in lower case. */
  readonly text: string | undefined;
  readonly cursor: string | undefined;
  /** The question itself, without page size and cursor: what a cursor is bound to. */
  readonly question: string;
}

/** What a caller asked of `GET /v1/events`. */
export interface ParsedQuery extends ParsedQuestion {
  /** Faulty lines are given in their place, left out of what is filtered, or given alone. */
  readonly faulty: 'shown' | 'left-out' | 'alone';
  readonly order: Order;
  readonly limit: number;
}

export const filterNames = [
  'actor',
  'action',
  'target',
  'outcome',
  'ip',
  'correlation',
  'late',
] as const;
const filters = [...filterNames, 'metadata.<path>'].join(', ');

/** Length of `q`, characters: what is shorter is nearly everywhere. */
export const textLength = { least: 3, most: 100 };

const bad = (message: string) => new SealtrailError('request-invalid', message);

/** Throws `request-invalid`, naming the parameter and saying what is understood. */
export function parseQuery(query: URLSearchParams, now: number): ParsedQuery {
  const { own, ...asked } = parseQuestion(query, now, ['order', 'limit', 'q', 'format', 'faulty']);
  const { order = 'desc' } = own;
  if (order !== 'asc' && order !== 'desc')
    throw bad('order is asc or desc (the default: newest first)');
  const text = own.q?.toLowerCase();
  if (text !== undefined && (text.length < textLength.least || text.length > textLength.most))
    throw bad(`q is a text of ${textLength.least} to ${textLength.most} characters`);
  if (own.faulty !== undefined && own.faulty !== 'true')
    throw bad('faulty takes the value true only');
  if (own.faulty === 'true' && asked.filter.length > 0)
    throw bad(
      'faulty=true goes with no filter: what a line that is no valid event would match cannot be known',
    );
  return {
    ...asked,
    text,
    faulty: own.faulty === 'true' ? 'alone' : asked.filter.length > 0 ? 'left-out' : 'shown',
    order,
    limit: integer('limit', own.limit, 100, 1000),
    question: JSON.stringify([
      ...JSON.parse(asked.question),
      order,
      ...(text === undefined ? [] : [text]),
      ...(own.faulty === 'true' ? [{ faulty: true }] : []),
    ]),
  };
}

const common = ['tenant', 'from', 'to', 'cursor'] as const;

/**
 * What requests about events have in common, and `own`, the route's own parameters that may be given once.
 * `several`: those that it reads itself.
 */
export function parseQuestion<T extends string>(
  query: URLSearchParams,
  now: number,
  ownNames: readonly T[],
  several: readonly string[] = [],
): ParsedQuestion & { readonly own: Partial<Record<T, string>> } {
  const single = singles(query, common);
  const from = parseTime('from', single.from, now) ?? 0;
  const to = parseTime('to', single.to, now) ?? now + limits.aheadMs + 1;
  if (from > to) throw bad('from is after to');
  const filter = filterOf(query, [...common, ...ownNames, ...several]);
  return {
    tenant: single.tenant,
    from,
    to,
    relative: isRelative(single.from) || isRelative(single.to),
    filter,
    text: undefined,
    cursor: single.cursor,
    question: JSON.stringify([single.from ?? null, single.to ?? null, filter]),
    own: singles(query, ownNames),
  };
}

/** A whole number from 1 to `max`. */
export function integer(
  name: string,
  text: string | undefined,
  preset: number,
  max: number,
): number {
  if (text === undefined) return preset;
  const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > max) throw bad(`${name} is a whole number from 1 to ${max}`);
  return value;
}

/** The parameters of a request that has no filters. Throws `request-invalid` for any other one. */
export function onlySingles<T extends string>(
  query: URLSearchParams,
  names: readonly T[],
): Partial<Record<T, string>> {
  for (const name of query.keys())
    if (!(names as readonly string[]).includes(name))
      throw bad(`there is no parameter ${name.slice(0, 100)} here; there are ${names.join(', ')}`);
  return singles(query, names);
}

/** The parameters that may be given once only: two values would leave open which one counts. */
function singles<T extends string>(
  query: URLSearchParams,
  names: readonly T[],
): Partial<Record<T, string>> {
  const found: Partial<Record<T, string>> = {};
  for (const name of names) {
    const values = query.getAll(name);
    if (values.length > 1) throw bad(`${name} was given ${values.length} times; once at most`);
    if (values[0] !== undefined) found[name] = values[0];
  }
  return found;
}

function filterOf(query: URLSearchParams, others: readonly string[]): Filter {
  const names = [...new Set(query.keys())].filter((name) => !others.includes(name));
  return names.sort().map((name) => parseClause(name, query.getAll(name)));
}

/** The alternatives of one filter. Throws `request-invalid`. */
export function parseClause(name: string, values: readonly string[]): readonly string[] {
  const terms = clause(name, values.toSorted());
  if (terms === undefined)
    throw bad(
      name === 'late'
        ? 'late takes the value true only'
        : `there is no parameter ${name.slice(0, 100)}; filters are ${filters}`,
    );
  if (name.startsWith('metadata.') && terms.some(({ length }) => length > maxMetadataTerm))
    throw bad(`${name.slice(0, 100)} and its value are longer than what is filtered on`);
  return terms;
}
