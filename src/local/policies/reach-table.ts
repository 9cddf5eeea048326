import type { PolicyDocument, Principal } from '../service.ts';
import { simulate } from '../simulate.ts';
import type { Stack } from '../template/assembly.ts';
import { resolve } from '../template/resolve.ts';
import { named, resourcePolicies, rolesOf, scopeOf } from './declared.ts';
import { type Attempt, type Deed, deeds } from './deeds.ts';
import { operatorsStack } from './operators-assembly.ts';

const place = { account: '123456789012', region: 'eu-west-1' };

/** A resource as policies name it, with the policy on it. */
interface Target {
  readonly arn: string;
  readonly policy?: PolicyDocument;
}

interface Role {
  readonly name: string;
  readonly policies: PolicyDocument[];
}

/**
 * Who can do what would matter, asked of the policies as IAM evaluates them: a table in Markdown, a column for every
 * role of a cloud assembly's templates, operators first. A cell has the actions that are allowed, of all those that
 * would do it.
 *
 * @param asked what is asked, a row each
 */
export async function reachTable(
  stacks: readonly Stack[],
  asked: readonly Deed[] = deeds,
): Promise<string> {
  const { roles, targets } = declared(stacks.toSorted(operatorsFirst));
  const columns = [...roles].map(([name, policies]) => ({ name, policies }));
  const rows: string[] = [];
  for (const { does, by } of asked) {
    const cells: string[] = [];
    for (const role of columns) cells.push(await cell(role, by, targets));
    rows.push(`| ${[does, ...cells].join(' | ')} |`);
  }
  const names = columns.map(({ name }) => name);
  return [`| | ${names.join(' | ')} |`, `|---|${'---|'.repeat(names.length)}`, ...rows].join('\n');
}

const operatorsFirst = (a: Stack, b: Stack) =>
  Number(b.name.startsWith(operatorsStack)) - Number(a.name.startsWith(operatorsStack));

async function cell(
  role: Role,
  by: readonly Attempt[],
  targets: ReadonlyMap<string, Target>,
): Promise<string> {
  const allowed = new Set<string>();
  for (const attempt of by) if (await may(role, attempt, targets)) allowed.add(attempt.action);
  return [...allowed].map((action) => `\`${action.split(':')[1]}\``).join(' ') || 'no';
}

async function may(
  { name, policies }: Role,
  { action, on, context = {} }: Attempt,
  targets: ReadonlyMap<string, Target>,
): Promise<boolean> {
  const [resource = '', ...below] = on.split('/');
  const target = targets.get(resource);
  if (target === undefined) throw new Error(`there is no resource ${resource}`);
  const principal: Principal = {
    arn: `arn:aws:sts::${place.account}:assumed-role/${name}/session`,
    roleArn: roleArn(name),
    identityPolicies: policies.map((policy, i) => ({ name: `${name}-${i}`, policy })),
    tags: {},
  };
  const decision = await simulate(place, principal, {
    action,
    resource: [target.arn, ...below].join('/'),
    context,
    ...(target.policy && { resourcePolicy: target.policy }),
  });
  return decision === 'Allowed';
}

/** Every role with its policies, and every resource with its own, by logical id without the hash. */
function declared(stacks: readonly Stack[]) {
  const roles = new Map<string, PolicyDocument[]>();
  const targets = new Map<string, Target>();
  for (const stack of stacks) {
    const scope = scopeOf(stack, stacks, { pseudo, attribute });
    const policiesOn = new Map<string, PolicyDocument>();
    for (const [id, resource] of Object.entries(stack.template.Resources)) {
      const properties = resolve(resource.Properties ?? {}, scope) as Record<string, unknown>;
      if (resource.Type === 'AWS::IAM::Role') roles.set(named(id), roles.get(named(id)) ?? []);
      for (const { name, document } of rolesOf(id, resource, properties))
        roles.set(name, [...(roles.get(name) ?? []), document]);
      if (resource.Type !== 'AWS::Lambda::Permission')
        for (const { on, document } of resourcePolicies(id, resource, properties))
          policiesOn.set(on, document);
    }
    for (const [id, { Type }] of Object.entries(stack.template.Resources)) {
      const policy = policiesOn.get(named(id));
      if (arns[Type] === undefined) continue;
      targets.set(named(id), { arn: attribute(id, Type, 'Arn'), ...(policy && { policy }) });
    }
  }
  return { roles, targets };
}

const pseudo: Readonly<Record<string, string>> = {
  'AWS::Partition': 'aws',
  'AWS::AccountId': place.account,
  'AWS::Region': place.region,
  'AWS::URLSuffix': 'amazonaws.com',
};

const regional = (service: string, rest: string) =>
  `arn:aws:${service}:${place.region}:${place.account}:${rest}`;
const roleArn = (name: string) => `arn:aws:iam::${place.account}:role/${name}`;

/** The ARN of a resource of this type and name. */
const arns: Readonly<Record<string, (name: string) => string>> = {
  'AWS::DynamoDB::Table': (name) => regional('dynamodb', `table/${name}`),
  'AWS::IAM::Role': roleArn,
  'AWS::Kinesis::Stream': (name) => regional('kinesis', `stream/${name}`),
  'AWS::KMS::Key': (name) => regional('kms', `key/${name}`),
  'AWS::Lambda::Function': (name) => regional('lambda', `function:${name}`),
  'AWS::S3::Bucket': (name) => `arn:aws:s3:::${name}`,
  'AWS::SQS::Queue': (name) => regional('sqs', name),
};

const attribute = (logicalId: string, type: string, name: string): string =>
  (name === 'Arn' ? arns[type]?.(named(logicalId)) : undefined) ?? named(logicalId);
