import type { Access, AwsRequest, Place } from '../service.ts';
import { targetOf } from './partiql.ts';
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
  readonly Statement?: string;
  readonly Statements?: readonly { readonly Statement?: string }[];
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

  if (onTable.has(operation)) return [on(operation, input.TableName ?? '', input.IndexName)];
  if (onTables.has(operation))
    return Object.keys(input.RequestItems ?? {}).map((table) => on(operation, table));
  if (onResourceArn.has(operation)) return [on(operation, input.ResourceArn ?? '')];
  if (operation === 'ListTables') return [{ action: 'dynamodb:ListTables', resource: '*' }];
  const statements = [
    input.Statement,
    ...(input.Statements ?? []).map(({ Statement }) => Statement),
  ];
  const wanted = new Map<string, Access>();
  for (const statement of statements) {
    const target = targetOf(statement ?? '');
    if (target === undefined) continue;
    const access = on(verbs[target.verb], target.table, target.index);
    wanted.set(`${access.action} ${access.resource}`, access);
  }
  return [...wanted.values()];
}

function parse(body: Buffer): Input {
  try {
    const input: unknown = JSON.parse(body.toString());
    return typeof input === 'object' && input !== null ? (input as Input) : {};
  } catch {
    return {};
  }
}
