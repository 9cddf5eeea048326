import type { Event } from './event.ts';

/**
 * An event's terms: everything that can be filtered on exactly. The index over batches and the match of
 * a single event both rest on this one list, so that the index can never miss what would match.
 */
export function eventTerms(event: Event, late: boolean): string[] {
  const terms = [
    `actor:${event.actor.id}`,
    `action:${event.action}`,
    `outcome:${event.outcome}`,
    ...event.targets.map((target) => `target:${target.type}:${target.id}`),
  ];
  if (event.context?.ip !== undefined) terms.push(`ip:${event.context.ip}`);
  if (event.correlationId !== undefined) terms.push(`correlation:${event.correlationId}`);
  if (late) terms.push('late');
  if (event.metadata !== undefined) addScalars(event.metadata, '', terms);
  return terms;
}

/**
 * A metadata term may have this many UTF-16 units; what would have more is no term, and cannot be filtered on.
 * Without a bound one line of 64 KiB, a long key around many short ones, makes 100 MB of terms; and V8 hashes texts
 * over 16,383 units by their length alone, so that a set of them takes hours.
 */
export const maxMetadataTerm = 512;

/** `metadata.<dotted path>` of every string, number, boolean and null; arrays are not entered. */
function addScalars(object: Record<string, unknown>, prefix: string, terms: string[]): void {
  for (const key of Object.keys(object)) {
    if (prefix.length + key.length > maxMetadataTerm) continue;
    const value = object[key];
    if (value === null || typeof value !== 'object') {
      const term = metadataTerm(prefix + key, String(value));
      if (term.length <= maxMetadataTerm) terms.push(term);
    } else if (!Array.isArray(value))
      addScalars(value as Record<string, unknown>, `${prefix}${key}.`, terms);
  }
}

/** NUL keeps `a=b` = `c` and `a` = `b=c` apart. */
function metadataTerm(path: string, value: string): string {
  return `metadata.${path}\0${value}`;
}

/** Clauses are combined with AND; each holds alternatives, combined with OR. */
export type Filter = readonly (readonly string[])[];

/** The fields that a query may name, each with the term that it asks for. */
const fields: Readonly<Record<string, (value: string) => string>> = {
  actor: (value) => `actor:${value}`,
  action: (value) => `action:${value}`,
  outcome: (value) => `outcome:${value}`,
  target: (value) => `target:${value}`,
  ip: (value) => `ip:${value}`,
  correlation: (value) => `correlation:${value}`,
};

/** The clause for one field and its values; undefined if there is no such field. */
export function clause(field: string, values: readonly string[]): string[] | undefined {
  if (field === 'late') return values.every((value) => value === 'true') ? ['late'] : undefined;
  if (field.startsWith('metadata.') && field.length > 9)
    return values.map((value) => metadataTerm(field.slice(9), value));
  const term = Object.hasOwn(fields, field) ? fields[field] : undefined;
  return term && values.map(term);
}

export function matches(filter: Filter, event: Event, late: boolean): boolean {
  if (filter.length === 0) return true;
  const terms = new Set(eventTerms(event, late));
  return filter.every((alternatives) => alternatives.some((term) => terms.has(term)));
}
