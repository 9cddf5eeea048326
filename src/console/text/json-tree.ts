/** A JSON text taken apart into its own words: no number is read, so none is rounded, and no key is lost. */
export type JsonTree =
  | { readonly kind: 'object'; readonly entries: readonly (readonly [key: string, JsonTree])[] }
  | { readonly kind: 'array'; readonly items: readonly JsonTree[] }
  | { readonly kind: 'string' | 'number' | 'word'; readonly text: string };

const token = /[\t\n\r ]*("(?:[^"\\]|\\.)*"|[-+.\w]+|[{}[\],:])/y;

/** Deeper than any event is; a faulty line may be. */
const deepest = 64;

/** Undefined for what is not one JSON value of bounded depth. Keys and strings keep their quotes and escapes. */
export function parseTree(text: string): JsonTree | undefined {
  let at = 0;
  const next = () => {
    token.lastIndex = at;
    const found = token.exec(text);
    at = found === null ? Number.POSITIVE_INFINITY : token.lastIndex;
    return found?.[1] ?? '';
  };
  const value = readValue(next(), next, 0);
  return /^[\t\n\r ]*$/.test(text.slice(at)) && Number.isFinite(at) ? value : undefined;
}

type Next = () => string;

function readValue(first: string, next: Next, depth: number): JsonTree | undefined {
  if (depth > deepest) return undefined;
  if (first === '{') return readObject(next, depth);
  if (first === '[') return readArray(next, depth);
  if (first.startsWith('"')) return { kind: 'string', text: first };
  if (/^-?\d/.test(first)) return { kind: 'number', text: first };
  return /^(true|false|null)$/.test(first) ? { kind: 'word', text: first } : undefined;
}

function readObject(next: Next, depth: number): JsonTree | undefined {
  const entries: [string, JsonTree][] = [];
  for (let key = next(); key !== '}'; ) {
    if (!key.startsWith('"') || next() !== ':') return undefined;
    const value = readValue(next(), next, depth + 1);
    if (value === undefined) return undefined;
    entries.push([key, value]);
    const behind = next();
    if (behind === '}') break;
    if (behind !== ',') return undefined;
    key = next();
    if (key === '}') return undefined;
  }
  return { kind: 'object', entries };
}

function readArray(next: Next, depth: number): JsonTree | undefined {
  const items: JsonTree[] = [];
  for (let first = next(); first !== ']'; ) {
    const item = readValue(first, next, depth + 1);
    if (item === undefined) return undefined;
    items.push(item);
    const behind = next();
    if (behind === ']') break;
    if (behind !== ',') return undefined;
    first = next();
    if (first === ']') return undefined;
  }
  return { kind: 'array', items };
}

/** The member of an object, by its plain key; of doubled ones the last, as JSON.parse takes it. */
export function member(tree: JsonTree | undefined, key: string): JsonTree | undefined {
  if (tree?.kind !== 'object') return undefined;
  return tree.entries.findLast(([quoted]) => plain(quoted) === key)?.[1];
}

/** What a quoted string says; the text itself where it cannot be read. */
export function plain(quoted: string): string {
  try {
    return String(JSON.parse(quoted));
  } catch {
    return quoted;
  }
}
