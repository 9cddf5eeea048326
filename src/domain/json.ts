import { limits } from './limits.ts';

/** Why a text is not JSON that all readers understand alike (RFC 7493). */
export type JsonFault = 'syntax' | 'duplicate-key' | 'depth' | 'surrogate';

export type JsonResult =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly fault: JsonFault; readonly value: unknown };

/**
 * Parses JSON, and finds what JSON.parse lets pass: keys that occur twice (one wins silently),
 * nesting over `limits.depth`, and strings with lone surrogates. A faulty text's value is given too.
 *
 * Most texts are what JSON.stringify writes; such a text has no doubled key, and the scan is skipped.
 */
export function parseJson(text: string): JsonResult {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, fault: 'syntax', value: undefined };
  }
  if (!maybeDeep(text) && !escapesSurrogate.test(text) && JSON.stringify(value) === text) {
    return { ok: true, value };
  }
  const fault = scan(text);
  return fault === undefined ? { ok: true, value } : { ok: false, fault, value };
}

const escapesSurrogate = /\\u[dD][89a-fA-F]/;

/** Whether there are enough opening brackets for nesting over the limit. */
function maybeDeep(text: string): boolean {
  let open = 0;
  for (const bracket of ['{', '[']) {
    for (let i = text.indexOf(bracket); i !== -1; i = text.indexOf(bracket, i + 1))
      if (++open > limits.depth) return true;
  }
  return false;
}

/**
 * Whether objects and arrays nest over `limits.depth` in a text that may be no JSON at all. Linear, and ends at the
 * first that is too deep.
 */
export function nestsTooDeep(text: string): boolean {
  if (!maybeDeep(text)) return false;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charAt(i);
    if (c === '"') i = endOfString(text, i);
    else if (c === '}' || c === ']') depth -= 1;
    else if ((c === '{' || c === '[') && ++depth > limits.depth) return true;
  }
  return false;
}

/** Walks a text that JSON.parse has accepted: brackets, and strings, which are keys before a colon. */
function scan(text: string): JsonFault | undefined {
  const keys: (Set<string> | undefined)[] = [];
  for (let i = 0; i < text.length; i++) {
    const c = text.charAt(i);
    if (c === '{' || c === '[') {
      if (keys.push(c === '{' ? new Set() : undefined) > limits.depth) return 'depth';
    } else if (c === '}' || c === ']') {
      keys.pop();
    } else if (c === '"') {
      const end = endOfString(text, i);
      const string = JSON.parse(text.slice(i, end + 1)) as string;
      if (!string.isWellFormed()) return 'surrogate';
      const level = keys.at(-1);
      if (level !== undefined && isKey(text, end)) {
        if (level.has(string)) return 'duplicate-key';
        level.add(string);
      }
      i = end;
    }
  }
  return undefined;
}

/**
 * How often a text that JSON.parse has accepted has this key in its outermost object. Of a doubled key
 * JSON.parse gives either value: which one differs even between two calls of one process (V8 13.6).
 */
export function countOutermost(text: string, key: string): number {
  let count = 0;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charAt(i);
    if (c === '{' || c === '[') depth += 1;
    else if (c === '}' || c === ']') depth -= 1;
    else if (c === '"') {
      const end = endOfString(text, i);
      if (depth === 1 && isKey(text, end) && JSON.parse(text.slice(i, end + 1)) === key) count += 1;
      i = end;
    }
  }
  return count;
}

function endOfString(text: string, start: number): number {
  let i = start + 1;
  while (i < text.length && text.charAt(i) !== '"') i += text.charAt(i) === '\\' ? 2 : 1;
  return i;
}

function isKey(text: string, end: number): boolean {
  let i = end + 1;
  while (' \t\r\n'.includes(text.charAt(i)) && i < text.length) i++;
  return text.charAt(i) === ':';
}
