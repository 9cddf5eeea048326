import type { Access, AwsRequest, Place } from '../service.ts';
import { parseInsert, targetOf, type Value } from './partiql.ts';
import { nameOf, type Tables } from './tables.ts';

/** Operations on one item, which names its key, or has it among its attributes. */
const onItem = new Set(['DeleteItem', 'GetItem', 'PutItem', 'UpdateItem']);

/** Operations on one table, whose permission has the operation's name. */
const onTable = new Set([
  'CreateTable',
  'DeleteTable',
  'DescribeTable',
  'DescribeTimeToLive',
  'Scan',
  'UpdateTable',
  'UpdateTimeToLive',
]);

const onTables = new Set(['BatchGetItem', 'BatchWriteItem']);

/** Refused as unsupported, but only to those who would be let do it. */
const onResourceArn = new Set(['DeleteResourcePolicy', 'GetResourcePolicy', 'PutResourcePolicy']);

const verbs = {
  INSERT: 'PartiQLInsert',
  UPDATE: 'PartiQLUpdate',
  DELETE: 'PartiQLDelete',
  SELECT: 'PartiQLSelect',
} as const;

type Item = Readonly<Record<string, Value>>;

/** Of BatchGetItem, or of BatchWriteItem. */
type ItemsOfTable =
  | { readonly Keys?: readonly Item[] }
  | readonly {
      readonly PutRequest?: { readonly Item?: Item };
      readonly DeleteRequest?: { readonly Key?: Item };
    }[];

interface Input {
  readonly TableName?: string;
  readonly IndexName?: string;
  readonly ResourceArn?: string;
  readonly RequestItems?: Readonly<Record<string, ItemsOfTable>>;
  readonly Key?: Item;
  readonly Item?: Item;
  readonly KeyConditionExpression?: string;
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>;
  readonly ExpressionAttributeValues?: Readonly<Record<string, Record<string, unknown>>>;
  readonly Statement?: string;
  readonly Parameters?: readonly Value[];
  readonly Statements?: readonly Statement[];
}

interface Statement {
  readonly Statement?: string;
  readonly Parameters?: readonly Value[];
}

/**
 * The permissions of a request, as
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html and
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-iam.html list them.
 */
export function accessOf(
  place: Place,
  tables: Tables,
  { operation, body }: AwsRequest,
): readonly Access[] {
  const input = parse(body);
  const on = (action: string, nameOrArn: string, index?: string): Access => {
    const table = nameOf(nameOrArn);
    const arn = `arn:aws:dynamodb:${place.region}:${place.account}:table/${table}`;
    const resourcePolicy = tables.get(table)?.resourcePolicy;
    return {
      action: `dynamodb:${action}`,
      resource: index === undefined ? arn : `${arn}/index/${index}`,
      ...(resourcePolicy && { resourcePolicy }),
    };
  };

  const partitionKeyOf = (table = '') => tables.get(nameOf(table))?.partitionKey;

  if (operation === 'Query') {
    const key = queriedKey(input, partitionKeyOf(input.TableName));
    return [leadBy(on(operation, input.TableName ?? '', input.IndexName), [key])];
  }
  if (onItem.has(operation)) {
    const key = keyOf(input.Key ?? input.Item, partitionKeyOf(input.TableName));
    return [leadBy(on(operation, input.TableName ?? ''), [key])];
  }
  if (onTable.has(operation)) return [on(operation, input.TableName ?? '', input.IndexName)];
  if (onTables.has(operation))
    return Object.entries(input.RequestItems ?? {}).map(([table, items]) => {
      const keys = itemsOf(items).map((item) => keyOf(item, partitionKeyOf(table)));
      return leadBy(on(operation, table), keys);
    });
  if (onResourceArn.has(operation)) return [on(operation, input.ResourceArn ?? '')];
  if (operation === 'ListTables') return [{ action: 'dynamodb:ListTables', resource: '*' }];
  const statements: readonly Statement[] = input.Statements ?? [input];
  const wanted = new Map<string, Access>();
  for (const statement of statements) {
    const target = targetOf(statement.Statement ?? '');
    if (target === undefined) continue;
    const access = on(verbs[target.verb], target.table, target.index);
    const key =
      target.verb === 'INSERT'
        ? insertedKey(statement, tables.get(target.table)?.partitionKey)
        : undefined;
    const name = `${access.action} ${access.resource} ${key}`;
    wanted.set(name, leadBy(access, [key]));
  }
  return [...wanted.values()];
}

/**
 * Tells policies the partition keys that an access is to
 * (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html); nothing if one of
 * them is not understood, so that a condition on all of them cannot hold for the others alone.
 */
function leadBy(access: Access, keys: readonly (string | undefined)[]): Access {
  const known = keys.filter((key) => key !== undefined);
  return known.length === 0 || known.length < keys.length
    ? access
    : { ...access, context: { 'dynamodb:LeadingKeys': known } };
}

function keyOf(item: Item | undefined, partitionKey: string | undefined): string | undefined {
  return partitionKey === undefined ? undefined : textOf(item?.[partitionKey]);
}

function itemsOf(items: ItemsOfTable): readonly (Item | undefined)[] {
  if (!('length' in items)) return items?.Keys ?? [];
  return items.map(({ PutRequest, DeleteRequest }) => PutRequest?.Item ?? DeleteRequest?.Key);
}

/** The partition key of the item that a statement inserts; none if the statement is not understood. */
function insertedKey(
  { Statement = '', Parameters = [] }: Statement,
  partitionKey: string | undefined,
): string | undefined {
  const parsed = parseInsert(Statement, Parameters);
  return parsed.kind === 'parsed' ? keyOf(parsed.value.item, partitionKey) : undefined;
}

function textOf(value: Value | undefined): string | undefined {
  const { S, N, B } = value ?? {};
  const text = S ?? N ?? B;
  return typeof text === 'string' ? text : undefined;
}

/**
 * The partition key that a query names, which a policy may bound it to. Of an index with a partition key of its
 * own it is not told: `dynamodb:LeadingKeys` is about the table's
 * (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html).
 */
function queriedKey(input: Input, partitionKey: string | undefined): string | undefined {
  const { KeyConditionExpression: condition = '', ExpressionAttributeNames: names = {} } = input;
  const pattern = /(#?[\w.-]+)\s*=\s*(:\w+)/g;
  for (const [, name = '', placeholder = ''] of condition.matchAll(pattern)) {
    if ((names[name] ?? name) !== partitionKey) continue;
    return textOf(input.ExpressionAttributeValues?.[placeholder]);
  }
  return undefined;
}

function parse(body: Buffer): Input {
  try {
    const input: unknown = JSON.parse(body.toString());
    return typeof input === 'object' && input !== null ? (input as Input) : {};
  } catch {
    return {};
  }
}
