import type { Resource, Stack } from '../template/assembly.ts';
import { resolve, type Scope } from '../template/resolve.ts';

interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Principal?: string | Readonly<Record<string, string | readonly string[]>>;
  readonly Action: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

interface Document {
  readonly Statement: readonly Statement[];
}

const many = <T>(value: T | readonly T[] | undefined): readonly T[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value as T];

const code = (text: string) => `\`${text}\``;

/**
 * Who may do what on what, and if what: two tables in Markdown, of every role's permissions and trust and of every
 * resource's own policy, as the templates of a cloud assembly have them. Resources are named by their logical ids
 * without the hash at their end.
 */
export function policyTables(stacks: readonly Stack[]): string {
  const roles: string[] = [];
  const resources: string[] = [];
  for (const stack of stacks) {
    const scope = readable(stack, stacks);
    for (const [id, declared] of Object.entries(stack.template.Resources)) {
      const properties = resolve(declared.Properties ?? {}, scope) as Record<string, unknown>;
      for (const role of rolesOf(id, declared, properties)) {
        for (const statement of role.document.Statement)
          roles.push(permission(role.name, statement));
      }
      for (const { on, document } of resourcePolicies(id, declared, properties)) {
        for (const statement of document.Statement) resources.push(rule(on, statement));
      }
    }
  }
  return [
    '| role | may | on | if |\n|---|---|---|---|',
    ...roles.sort(),
    '\n| resource | | who | what | if |\n|---|---|---|---|---|',
    ...resources.sort(),
  ].join('\n');
}

function rolesOf(id: string, { Type }: Resource, properties: Record<string, unknown>) {
  if (Type === 'AWS::IAM::Policy') {
    const document = properties['PolicyDocument'] as Document;
    return many(properties['Roles'] as string[]).map((name) => ({ name, document }));
  }
  if (Type !== 'AWS::IAM::Role') return [];
  const inline = many(properties['Policies'] as { PolicyDocument: Document }[] | undefined);
  return inline.map(({ PolicyDocument }) => ({ name: named(id), document: PolicyDocument }));
}

function resourcePolicies(
  id: string,
  { Type }: Resource,
  properties: Record<string, unknown>,
): { on: string; document: Document }[] {
  const document = (key: string, of = properties) => of[key] as Document;
  switch (Type) {
    case 'AWS::IAM::Role':
      return [{ on: named(id), document: document('AssumeRolePolicyDocument') }];
    case 'AWS::KMS::Key':
      return [{ on: named(id), document: document('KeyPolicy') }];
    case 'AWS::S3::BucketPolicy':
      return [{ on: String(properties['Bucket']), document: document('PolicyDocument') }];
    case 'AWS::SQS::QueuePolicy':
      return many(properties['Queues'] as string[]).map((on) => ({
        on,
        document: document('PolicyDocument'),
      }));
    case 'AWS::Lambda::Permission':
      return [{ on: String(properties['FunctionName']), document: invocation(properties) }];
    default: {
      const own = properties['ResourcePolicy'] as Record<string, unknown> | undefined;
      return own === undefined
        ? []
        : [{ on: named(id), document: document('PolicyDocument', own) }];
    }
  }
}

function invocation(properties: Record<string, unknown>): Document {
  return {
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Service: String(properties['Principal']) },
        Action: String(properties['Action']),
        ...(properties['SourceArn'] !== undefined && {
          Condition: { ArnLike: { 'aws:SourceArn': properties['SourceArn'] } },
        }),
      },
    ],
  };
}

function permission(role: string, statement: Statement): string {
  const may = many(statement.Action).map(code).join(' ');
  const verb = statement.Effect === 'Deny' ? '**not** ' : '';
  return `| ${role} | ${verb}${may} | ${many(statement.Resource).map(plain).join(', ')} | ${conditions(statement)} |`;
}

function rule(on: string, statement: Statement): string {
  const { Principal: who } = statement;
  const whom =
    typeof who === 'string' ? [who] : Object.values(who ?? {}).flatMap((each) => many(each));
  const whose = whom.map((each) => (each === '*' ? 'anybody' : plain(each))).join(', ');
  const what = many(statement.Action).map(code).join(' ');
  const verb = statement.Effect === 'Deny' ? 'denies' : 'allows';
  return `| ${on} | ${verb} | ${whose} | ${what} | ${conditions(statement)} |`;
}

function conditions({ Condition }: Statement): string {
  return Object.entries(Condition ?? {})
    .flatMap(([operator, keys]) =>
      Object.entries(keys).map(
        ([key, value]) => `${operator} ${code(key)} ${many(value).map((v) => plain(String(v)))}`,
      ),
    )
    .join('; ');
}

/** Principals that have a plainer name than their ARN. */
const known: Readonly<Record<string, string>> = {
  'arn:aws:iam::ACCOUNT:root': 'the account',
  'arn:aws:iam::ACCOUNT:role/sealtrail-break-glass': 'the break-glass role',
};

const plain = (text: string) => known[text] ?? text.replaceAll('*', '\\*');

/** `BatchesE11AE858` → `Batches`. */
const named = (logicalId: string) => logicalId.replace(/[0-9A-F]{8}$/, '');

/** Every reference is the name of what it refers to. */
function readable({ template }: Stack, stacks: readonly Stack[]): Scope {
  const pseudo: Readonly<Record<string, string>> = {
    'AWS::Partition': 'aws',
    'AWS::AccountId': 'ACCOUNT',
    'AWS::Region': 'REGION',
    'AWS::URLSuffix': 'amazonaws.com',
  };
  return {
    ref: (id) => pseudo[id] ?? named(id),
    attribute: (id) => named(id),
    condition: (id) => {
      throw new Error(`a condition: ${id}`);
    },
    imported(name) {
      for (const stack of stacks) {
        for (const { Value, Export } of Object.values(stack.template.Outputs ?? {})) {
          if (Export?.Name === name) return resolve(Value, readable(stack, stacks));
        }
      }
      throw new Error(`nobody exports ${name} of ${Object.keys(template.Resources)[0]}`);
    },
  };
}
