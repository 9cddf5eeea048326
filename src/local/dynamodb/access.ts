import type { Access, AwsRequest, Place } from '../service.ts';
import { parseInsert, targetOf, type Value } from './partiql.ts';
import { nameOf, type Tables } from './tables.ts';

/** Operations on one table, whose permission has the operation's name. */
const onTable = new Set([
  'CreateTable',
  'DeleteItem',
  'DeleteTable',
  'DescribeTable',
  'DescribeTimeToLive',
  'GetItem',
  'PutItem',
  'Query',
  'Scan',
  'UpdateItem',
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

interface Input {
  readonly TableName?: string;
  readonly IndexName?: string;
  readonly ResourceArn?: string;
  readonly RequestItems?: Readonly<Record<string, unknown>>;
  readonly KeyConditionExpression?: string;
  readonly Key?: Readonly<Record<string, Value>>;
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

  if (operation === 'Query') {
    const key = queriedKey(input, tables.get(nameOf(input.TableName ?? ''))?.partitionKey);
    const access = on(operation, input.TableName ?? '', input.IndexName);
    return [key === undefined ? access : leadBy(access, key)];
  }
  if (operation === 'UpdateItem') {
    const { partitionKey = '' } = tables.get(nameOf(input.TableName ?? '')) ?? {};
    const key = textOf(input.Key?.[partitionKey]);
    const access = on(operation, input.TableName ?? '');
    return [key === undefined ? access : leadBy(access, key)];
  }
  if (onTable.has(operation)) return [on(operation, input.TableName ?? '', input.IndexName)];
  if (onTables.has(operation))
    return Object.keys(input.RequestItems ?? {}).map((table) => on(operation, table));
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
    wanted.set(name, key === undefined ? access : leadBy(access, key));
  }
  return [...wanted.values()];
}

const leadBy = (access: Access, key: string): Access => ({
  ...access,
  context: { 'dynamodb:LeadingKeys': [key] },
});

/** The partition key of the item that a statement inserts; none if the statement is not understood. */
function insertedKey(
  { Statement = '', Parameters = [] }: Statement,
  partitionKey: string | undefined,
): string | undefined {
  const parsed = parseInsert(Statement, Parameters);
  return parsed.kind === 'parsed' && partitionKey !== undefined
    ? textOf(parsed.value.item[partitionKey])
    : undefined;
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
