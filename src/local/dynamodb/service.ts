import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb';
import type { AwsRequest, AwsResponse, AwsService, Place, PolicyDocument } from '../service.ts';
import { accessOf } from './access.ts';
import { createEngine } from './engine.ts';
import { batchExecuteStatement, executeStatement, type StatementsAnswer } from './statements.ts';
import { nameOf, type Tables } from './tables.ts';

/** As the SDK's CreateTable has it; what dynalite has no notion of (encryption, backups, classes) is passed over. */
type TableInput = CreateTableCommandInput & { readonly ttlAttribute?: string };

interface DynamoDb extends AwsService {
  /** Resolves once the table is active. */
  createTable(input: TableInput): Promise<{ readonly arn: string }>;
  /** Replaces a table's policy; with none, takes it away. */
  setResourcePolicy(tableArn: string, policy: PolicyDocument | undefined): void;
}

/** What dynalite takes of CreateTable. */
const tableParameters = [
  'TableName',
  'AttributeDefinitions',
  'KeySchema',
  'BillingMode',
  'ProvisionedThroughput',
  'GlobalSecondaryIndexes',
  'LocalSecondaryIndexes',
] as const;

/** What dynalite does itself. Its ARNs are of another account and region. */
const forwarded = new Set([
  'BatchGetItem',
  'BatchWriteItem',
  'CreateTable',
  'DeleteItem',
  'DeleteTable',
  'DescribeTable',
  'GetItem',
  'ListTables',
  'PutItem',
  'Query',
  'Scan',
  'UpdateItem',
  'UpdateTable',
]);

type Input = Readonly<Record<string, unknown>>;

export function createDynamoDb(place: Place): DynamoDb {
  const engine = createEngine();
  const tables: Tables = new Map();
  const arnOf = (name: string) => `arn:aws:dynamodb:${place.region}:${place.account}:table/${name}`;

  function remember(input: TableInput): void {
    const name = nameOf(input.TableName ?? '');
    const key = (type: string) =>
      input.KeySchema?.find(({ KeyType }) => KeyType === type)?.AttributeName;
    tables.set(name, {
      arn: arnOf(name),
      partitionKey: key('HASH') ?? '',
      sortKey: key('RANGE'),
      ttlAttribute: input.ttlAttribute,
      resourcePolicy: input.ResourcePolicy && JSON.parse(input.ResourcePolicy),
      deletionProtected: input.DeletionProtectionEnabled ?? false,
    });
  }

  async function forward(
    operation: string,
    request: AwsRequest,
    input: Input,
  ): Promise<AwsResponse> {
    const table = input['TableName'];
    const renamed = typeof table === 'string' && nameOf(table) !== table;
    const body = renamed
      ? JSON.stringify({ ...input, TableName: nameOf(table) })
      : request.body.toString();
    const answer = await engine.call(operation, body);
    if (answer.status === 200 && operation === 'CreateTable')
      remember(input as unknown as TableInput);
    if (answer.status === 200 && operation === 'DeleteTable') tables.delete(nameOf(String(table)));
    return {
      status: answer.status,
      headers,
      body: operation.endsWith('Table') ? withArns(answer.body) : answer.body,
    };
  }

  function withArns(body: string): string {
    return body.replaceAll(/arn:aws:dynamodb:[^:"]*:\d*:table\//g, arnOf(''));
  }

  async function handle(request: AwsRequest): Promise<AwsResponse> {
    const { operation } = request;
    const input = parse(request.body);
    if (input === undefined)
      return failure('SerializationException', 'The body is not a JSON object', 400);
    switch (operation) {
      case 'ExecuteStatement':
        return answerOf(await executeStatement(engine, tables, statementOf(input)));
      case 'BatchExecuteStatement': {
        const statements = input['Statements'];
        const list = Array.isArray(statements) ? statements.map(statementOf) : [];
        return answerOf(await batchExecuteStatement(engine, tables, list));
      }
      case 'UpdateTimeToLive':
      case 'DescribeTimeToLive':
        return timeToLive(operation, input);
      case 'DeleteTable':
        if (!tables.get(nameOf(String(input['TableName'])))?.deletionProtected) break;
        return failure(
          'ValidationException',
          'Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.',
          400,
        );
    }
    if (forwarded.has(operation)) return forward(operation, request, input);
    return failure('UnknownOperationException', `${operation} is not supported locally`, 400);
  }

  function timeToLive(operation: string, input: Input): AwsResponse {
    const table = tables.get(nameOf(String(input['TableName'])));
    if (table === undefined)
      return failure('ResourceNotFoundException', 'Requested resource not found', 400);
    if (operation === 'UpdateTimeToLive') {
      const asked = input['TimeToLiveSpecification'] as
        | { Enabled?: boolean; AttributeName?: string }
        | undefined;
      table.ttlAttribute = asked?.Enabled ? asked.AttributeName : undefined;
      return ok({ TimeToLiveSpecification: asked });
    }
    const { ttlAttribute } = table;
    const description =
      ttlAttribute === undefined
        ? { TimeToLiveStatus: 'DISABLED' }
        : { TimeToLiveStatus: 'ENABLED', AttributeName: ttlAttribute };
    return ok({ TimeToLiveDescription: description });
  }

  return {
    name: 'dynamodb',
    operation: ({ headers: { 'x-amz-target': target } }) => target?.split('.')[1] ?? 'Unknown',
    access: (request) => accessOf(place, tables, request),
    handle,
    failure,
    close: () => engine.close(),
    async createTable(input) {
      const wanted = tableParameters.filter((name) => input[name] !== undefined);
      const created = await engine.call(
        'CreateTable',
        Object.fromEntries(wanted.map((name) => [name, input[name]])),
      );
      if (created.status !== 200)
        throw new Error(`cannot create table ${input.TableName}: ${created.body}`);
      remember(input);
      const name = input.TableName ?? '';
      // Dynalite makes it active a timer later.
      for (let active = false; !active; ) {
        const { body } = await engine.call('DescribeTable', { TableName: name });
        active = JSON.parse(body).Table?.TableStatus === 'ACTIVE';
      }
      return { arn: arnOf(name) };
    },
    setResourcePolicy(tableArn, policy) {
      const table = tables.get(nameOf(tableArn));
      if (table === undefined) throw new Error(`no table ${tableArn}`);
      table.resourcePolicy = policy;
    },
  };
}

function statementOf(input: Input): { Statement: string; Parameters: Input[] } {
  const { Statement: statement, Parameters: parameters } = input;
  return {
    Statement: String(statement ?? ''),
    Parameters: Array.isArray(parameters) ? parameters : [],
  };
}

function parse(body: Buffer): Input | undefined {
  try {
    const input: unknown = JSON.parse(body.toString());
    return typeof input === 'object' && input !== null ? (input as Input) : undefined;
  } catch {
    return undefined;
  }
}

const headers = { 'content-type': 'application/x-amz-json-1.0' };

function answerOf(answer: StatementsAnswer): AwsResponse {
  return answer.kind === 'body' ? ok(answer.body) : failure(answer.code, answer.message, 400);
}

function ok(body: object): AwsResponse {
  return { status: 200, headers, body: JSON.stringify(body) };
}

function failure(code: string, message: string, status: number): AwsResponse {
  const type = `com.amazonaws.dynamodb.v20120810#${code}`;
  return { status, headers, body: JSON.stringify({ __type: type, message }) };
}
