import { fromTime } from '../domain/encoding.ts';
import { SealtrailError } from '../domain/error.ts';
import { limits } from '../domain/limits.ts';
import { clause, type Filter } from '../domain/query.ts';
import type { Order } from '../store/batch-store.ts';

/** What a caller asked of `GET /v1/events`. */
export interface ParsedQuery {
  readonly tenant: string | undefined;
  /** Epoch ms: `from` ≤ time < `to`. */
  readonly from: number;
  readonly to: number;
  readonly order: Order;
  readonly filter: Filter;
  readonly limit: number;
  readonly cursor: string | undefined;
  /** The question itself, without page size and cursor: what a cursor is bound to. */
  readonly question: string;
}

const once = ['tenant', 'from', 'to', 'order', 'limit', 'cursor'] as const;
const filters = 'actor, action, target, outcome, ip, correlation, late, metadata.<path>';

const bad = (message: string) => new SealtrailError('request-invalid', message);

/** Throws `request-invalid`, saying what is understood. */
export function parseQuery(query: URLSearchParams, now: number): ParsedQuery {
  const single = singles(query, once);
  const from = timeOf('from', single.from) ?? 0;
  const to = timeOf('to', single.to) ?? now + limits.aheadMs + 1;
  if (from > to) throw bad('from is after to');
  const { order = 'desc' } = single;
  if (order !== 'asc' && order !== 'desc')
    throw bad('order is asc or desc (the default: newest first)');
  const filter = filterOf(query);
  return {
    tenant: single.tenant,
    from,
    to,
    order,
    filter,
    limit: integer('limit', single.limit, 100, 1000),
    cursor: single.cursor,
    question: JSON.stringify([single.from ?? null, single.to ?? null, order, filter]),
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

function filterOf(query: URLSearchParams): Filter {
  const names = [...new Set(query.keys())].filter(
    (name) => !(once as readonly string[]).includes(name),
  );
  return names.sort().map((name) => {
    const terms = clause(name, query.getAll(name).sort());
    if (terms === undefined)
      throw bad(
        name === 'late'
          ? 'late takes the value true only'
          : `there is no parameter ${name.slice(0, 100)}; filters are ${filters}`,
      );
    return terms;
  });
}

const timeForm = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/;
/** Keys have years of four digits: a minute must still fit behind a time. */
const lastTime = Date.parse('9999-12-31T23:58:59.999Z');

/** Epoch ms of a time or day. Throws `request-invalid`. */
export function timeOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const day = timeForm.exec(text)?.[1];
  // Date.parse takes February 30 for March 2.
  const exists = day !== undefined && fromTime(`${day}T00:00:00.000Z`) !== undefined;
  const ms = exists ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms) || ms < 0 || ms > lastTime)
    throw bad(`${name} is a time such as 2026-01-31T12:00:00Z, or a day such as 2026-01-31`);
  return ms;
}
