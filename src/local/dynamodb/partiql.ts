/** A value as DynamoDB's wire has it, such as `{"S": "a"}` or `{"B": "AQ=="}`. */
export type Value = Readonly<Record<string, unknown>>;

type Verb = 'INSERT' | 'UPDATE' | 'DELETE' | 'SELECT';

type Parsed<T> =
  | { readonly kind: 'parsed'; readonly value: T }
  | { readonly kind: 'malformed'; readonly message: string };

const name = '(?:"([^"]+)"|([A-Za-z0-9_.-]+))';

const targets: readonly { readonly verb: Verb; readonly pattern: RegExp }[] = [
  { verb: 'INSERT', pattern: new RegExp(`^\\s*INSERT\\s+INTO\\s+${name}`, 'i') },
  { verb: 'UPDATE', pattern: new RegExp(`^\\s*UPDATE\\s+${name}`, 'i') },
  { verb: 'DELETE', pattern: new RegExp(`^\\s*DELETE\\s+FROM\\s+${name}`, 'i') },
  {
    verb: 'SELECT',
    pattern: new RegExp(`^\\s*SELECT\\s.*?\\sFROM\\s+${name}(?:\\."([^"]+)")?`, 'is'),
  },
];

/** What a statement does, and to which table or index. */
export interface Target {
  readonly verb: Verb;
  readonly table: string;
  readonly index?: string;
}

export function targetOf(statement: string): Target | undefined {
  for (const { verb, pattern } of targets) {
    const found = pattern.exec(statement);
    if (found === null) continue;
    const [, quoted, plain, index] = found;
    return { verb, table: quoted ?? plain ?? '', ...(index !== undefined && { index }) };
  }
  return undefined;
}

/**
 * Reads `INSERT INTO "table" VALUE {'name': ?, 'other': 'text', …}`
 * (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.insert.html).
 * Values are parameters or string literals; anything richer is malformed here.
 */
export function parseInsert(
  statement: string,
  parameters: readonly Value[],
): Parsed<{ readonly table: string; readonly item: Readonly<Record<string, Value>> }> {
  const found = new RegExp(
    `^\\s*INSERT\\s+INTO\\s+${name}\\s+VALUE\\s*\\{(.*)\\}\\s*;?\\s*$`,
    'is',
  ).exec(statement);
  if (found === null)
    return malformed("Statement wasn't well formed, can't be processed: Unexpected token");
  const [, quoted, plain, members = ''] = found;

  const item: Record<string, Value> = Object.create(null);
  let used = 0;
  let rest = members.trim();
  while (rest !== '') {
    const member = /^'((?:[^']|'')*)'\s*:\s*(?:(\?)|'((?:[^']|'')*)')\s*(?:,\s*(?=')|$)/.exec(rest);
    if (member === null)
      return malformed("Statement wasn't well formed, can't be processed: Expected a member");
    const [whole, attribute = '', placeholder, text = ''] = member;
    const value = placeholder === undefined ? { S: unquote(text) } : parameters[used++];
    if (value === undefined)
      return malformed("Number of parameters in request and statement don't match.");
    if (unquote(attribute) in item)
      return malformed(`Duplicate attribute ${unquote(attribute)} in the item`);
    item[unquote(attribute)] = value;
    rest = rest.slice(whole.length);
  }
  if (used !== parameters.length)
    return malformed("Number of parameters in request and statement don't match.");
  return { kind: 'parsed', value: { table: quoted ?? plain ?? '', item } };
}

function unquote(text: string): string {
  return text.replaceAll("''", "'");
}

function malformed(message: string): { readonly kind: 'malformed'; readonly message: string } {
  return { kind: 'malformed', message };
}
