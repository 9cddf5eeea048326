import type { Engine } from './engine.ts';
import { parseInsert, type Target, targetOf, type Value } from './partiql.ts';
import type { Tables } from './tables.ts';

interface Statement {
  readonly Statement: string;
  readonly Parameters?: readonly Value[];
}

interface Insert {
  readonly table: string;
  readonly item: Readonly<Record<string, Value>>;
}

/** How one insert went: `stored`, or the code of what refused it. */
type Outcome =
  | { readonly kind: 'stored'; readonly table: string }
  | {
      readonly kind: 'refused';
      readonly table?: string;
      readonly code: string;
      readonly message: string;
    };

/** A call's answer: its body, or the exception that fails it as a whole. */
export type StatementsAnswer =
  | { readonly kind: 'body'; readonly body: object }
  | { readonly kind: 'exception'; readonly code: string; readonly message: string };

/**
 * PartiQL, of which dynalite has none: an INSERT becomes a put on the condition that the key is not there yet.
 * Every other statement is refused: nothing but reading through Query and inserting is used.
 */
export async function executeStatement(
  engine: Engine,
  tables: Tables,
  statement: Statement,
): Promise<StatementsAnswer> {
  const unsupported = refuseAllButInserts([targetOf(statement.Statement)]);
  if (unsupported !== undefined) return unsupported;
  const outcome = await insert(engine, tables, prepare(statement));
  if (outcome.kind === 'stored') return { kind: 'body', body: { Items: [] } };
  return exception(exceptions[outcome.code] ?? 'InternalServerError', outcome.message);
}

/**
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchExecuteStatement.html: up to 25
 * statements, all reads or all writes, each of which succeeds or fails alone; but the same item named twice fails
 * the whole call.
 */
export async function batchExecuteStatement(
  engine: Engine,
  tables: Tables,
  statements: readonly Statement[],
): Promise<StatementsAnswer> {
  if (statements.length < 1 || statements.length > 25) {
    return exception(
      'ValidationException',
      "1 validation error detected: Value at 'statements' failed to satisfy constraint: Member must have length less than or equal to 25 and greater than or equal to 1",
    );
  }
  const targets = statements.map(({ Statement }) => targetOf(Statement));
  if (new Set(targets.map((target) => target?.verb === 'SELECT')).size > 1) {
    return exception(
      'ValidationException',
      'Mixed read and write operations are not supported in the same batch',
    );
  }
  const unsupported = refuseAllButInserts(targets);
  if (unsupported !== undefined) return unsupported;

  const inserts = statements.map(prepare);
  const keys = inserts.flatMap((each) => ('kind' in each ? [] : [keyOf(tables, each)]));
  if (new Set(keys).size < keys.length) {
    return exception('ValidationException', 'Provided list of item keys contains duplicates');
  }
  const outcomes = await Promise.all(inserts.map((each) => insert(engine, tables, each)));
  return { kind: 'body', body: { Responses: outcomes.map(response) } };
}

function refuseAllButInserts(
  targets: readonly (Target | undefined)[],
): StatementsAnswer | undefined {
  if (targets.every((target) => target?.verb === 'INSERT')) return undefined;
  return exception('ValidationException', 'Statements other than INSERT are not supported locally');
}

function prepare({ Statement, Parameters = [] }: Statement): Insert | Outcome {
  const parsed = parseInsert(Statement, Parameters);
  if (parsed.kind === 'parsed') return parsed.value;
  return { kind: 'refused', code: 'ValidationError', message: parsed.message };
}

async function insert(
  engine: Engine,
  tables: Tables,
  prepared: Insert | Outcome,
): Promise<Outcome> {
  if ('kind' in prepared) return prepared;
  const { table, item } = prepared;
  const known = tables.get(table);
  if (known === undefined) {
    return { kind: 'refused', code: 'ResourceNotFound', message: 'Requested resource not found' };
  }
  const { status, body } = await engine.call('PutItem', {
    TableName: table,
    Item: item,
    ConditionExpression: 'attribute_not_exists(#key)',
    ExpressionAttributeNames: { '#key': known.partitionKey },
  });
  if (status === 200) return { kind: 'stored', table };
  const error = JSON.parse(body) as { __type?: string; message?: string; Message?: string };
  const type = error.__type?.split('#')[1] ?? 'InternalServerError';
  if (type === 'ConditionalCheckFailedException') {
    return { kind: 'refused', table, code: 'DuplicateItem', message: duplicate };
  }
  const code = type === 'ValidationException' ? 'ValidationError' : type.replace(/Exception$/, '');
  return { kind: 'refused', table, code, message: error.message ?? error.Message ?? type };
}

function keyOf(tables: Tables, { table, item }: Insert): string {
  const known = tables.get(table);
  const names = known === undefined ? [] : [known.partitionKey, known.sortKey ?? ''];
  return JSON.stringify([table, ...names.map((name) => item[name])]);
}

function response(outcome: Outcome): object {
  if (outcome.kind === 'stored') return { TableName: outcome.table };
  const { table, code, message } = outcome;
  return {
    Error: { Code: code, Message: message },
    ...(table !== undefined && { TableName: table }),
  };
}

const duplicate = 'Duplicate primary key exists in table';

/** What ExecuteStatement throws, by the code that a batch would report. */
const exceptions: Readonly<Record<string, string>> = {
  DuplicateItem: 'DuplicateItemException',
  ResourceNotFound: 'ResourceNotFoundException',
  ValidationError: 'ValidationException',
  ProvisionedThroughputExceeded: 'ProvisionedThroughputExceededException',
};

function exception(code: string, message: string): StatementsAnswer {
  return { kind: 'exception', code, message };
}
