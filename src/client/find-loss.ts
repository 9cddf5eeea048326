import { limits } from '../domain/limits.ts';

/** Where a value would not survive JSON, and what to do about it. */
export interface Loss {
  readonly path: (string | number)[];
  readonly advice: string;
}

const lost = (advice: string): Loss => ({ path: [], advice });

/**
 * What JSON.stringify would change or drop without a word: NaN and infinities, undefined in arrays,
 * functions, symbols, Maps and other class instances, lone surrogates, and nesting that no reader
 * accepts. A Date stays: it is written as RFC 3339. A member that is undefined counts as absent.
 */
export function findLoss(value: unknown): Loss | undefined {
  return inspect(value, 1, { left: limits.line });
}

/** `left` ends the walk of a value that shares parts so often that its line would be too long anyhow. */
function inspect(value: unknown, depth: number, budget: { left: number }): Loss | undefined {
  if (typeof value === 'string') return value.isWellFormed() ? undefined : loneSurrogate;
  if (typeof value === 'number')
    return Number.isFinite(value) ? undefined : lost(`${value} is not a number in JSON; use null`);
  if (typeof value === 'boolean' || value === null) return undefined;
  if (typeof value !== 'object')
    return lost(
      `JSON has no ${typeof value}; ${typeof value === 'bigint' ? 'give it as a string' : 'leave it out'}`,
    );
  if (depth > limits.depth)
    return lost(`nested deeper than ${limits.depth}, or refers to itself; make it flatter`);
  budget.left -= 1;
  if (budget.left < 0) return lost(`more values than a line of ${limits.line} bytes holds`);
  if (Array.isArray(value)) return inspectArray(value, depth, budget);
  if (value instanceof Date)
    return Number.isNaN(value.getTime()) ? lost('an invalid Date; leave it out') : undefined;
  return inspectObject(value, depth, budget);
}

const loneSurrogate = lost('half of a surrogate pair; call toWellFormed() on the string');

function inspectArray(array: unknown[], depth: number, budget: { left: number }): Loss | undefined {
  for (let i = 0; i < array.length; i++) {
    const item: unknown = array[i];
    const loss =
      item === undefined
        ? lost('undefined in an array becomes null; say null if it is meant')
        : inspect(item, depth + 1, budget);
    if (loss !== undefined) return { ...loss, path: [i, ...loss.path] };
  }
  return undefined;
}

function inspectObject(object: object, depth: number, budget: { left: number }): Loss | undefined {
  const prototype: unknown = Object.getPrototypeOf(object);
  // The prototype of a plain object of any realm has none itself.
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null)
    return lost(
      `a ${object.constructor?.name ?? 'class instance'} is no plain object; give its data`,
    );
  for (const key of Object.keys(object)) {
    const item = (object as Record<string, unknown>)[key];
    if (item === undefined) continue;
    const loss = key.isWellFormed() ? inspect(item, depth + 1, budget) : loneSurrogate;
    if (loss !== undefined) return { ...loss, path: [key, ...loss.path] };
  }
  return undefined;
}
