/** A page of `GET /v1/events`, its items still text: JSON.parse would round numbers that the lines hold exactly. */
export interface EventPage {
  readonly items: readonly string[];
  readonly order: 'exact' | 'partial';
  readonly next: string | undefined;
  /** Batches of this part of the log that are not what was sealed: what they held is missing. */
  readonly holes: number;
  /** Whether lines that are no valid event may lie in this part of the log, which the filter leaves out. */
  readonly isFaultyLeftOut: boolean;
}

const start = '{"events":[';

/** @throws for anything that is not such a page */
export function splitPage(text: string): EventPage {
  if (!text.startsWith(start)) throw new TypeError('this is no page of events');
  const items: string[] = [];
  let at = start.length;
  while (text[at] !== ']') {
    const end = endOfValue(text, at);
    items.push(text.slice(at, end));
    at = text[end] === ',' ? end + 1 : end;
    if (at >= text.length) throw new TypeError('the page breaks off');
  }
  const rest: unknown = JSON.parse(`{"events":[${text.slice(at)}`);
  const { order, next, holes, leftOut } = rest as Partial<Record<string, unknown>>;
  return {
    items,
    order: order === 'partial' ? 'partial' : 'exact',
    next: typeof next === 'string' ? next : undefined,
    holes: Array.isArray(holes) ? holes.length : 0,
    isFaultyLeftOut: leftOut === 'faulty',
  };
}

/** The exact line of an event out of its item (`{"event":…,"received":…}`); undefined for a faulty line. */
export function lineOf(item: string): string | undefined {
  const before = '{"event":';
  return item.startsWith(before)
    ? item.slice(before.length, endOfValue(item, before.length))
    : undefined;
}

const bracket = /["{}[\]]/g;

/** Where the object or array ends that starts at `at`: brackets are counted, strings skipped. */
function endOfValue(text: string, at: number): number {
  let depth = 0;
  bracket.lastIndex = at;
  for (let match = bracket.exec(text); match !== null; match = bracket.exec(text)) {
    const [found] = match;
    if (found === '"') bracket.lastIndex = endOfString(text, match.index);
    else depth += found === '{' || found === '[' ? 1 : -1;
    if (depth === 0 && found !== '"') return match.index + 1;
  }
  throw new TypeError('a value breaks off');
}

function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at > 0; at = text.indexOf('"', at + 1)) {
    let slashes = 0;
    while (text[at - 1 - slashes] === '\\') slashes++;
    if (slashes % 2 === 0) return at + 1;
  }
  throw new TypeError('a string breaks off');
}
