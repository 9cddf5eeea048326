import type { Resource, Stack } from '../template/assembly.ts';
import { resolve, type Scope } from '../template/resolve.ts';

export interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Principal?: string | Readonly<Record<string, string | readonly string[]>>;
  readonly Action: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export interface Document {
  readonly Statement: readonly Statement[];
}

export const many = <T>(value: T | readonly T[] | undefined): readonly T[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value as T];

/** The policies that a resource gives to roles, by the role's name. */
export function rolesOf(id: string, { Type }: Resource, properties: Record<string, unknown>) {
  if (Type === 'AWS::IAM::Policy') {
    const document = properties['PolicyDocument'] as Document;
    return many(properties['Roles'] as string[]).map((name) => ({ name, document }));
  }
  if (Type !== 'AWS::IAM::Role') return [];
  const inline = many(properties['Policies'] as { PolicyDocument: Document }[] | undefined);
  return inline.map(({ PolicyDocument }) => ({ name: named(id), document: PolicyDocument }));
}

/** The policies that a resource puts on itself or on another, by that one's name. */
export function resourcePolicies(
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

/** `BatchesE11AE858` → `Batches`. */
export const named = (logicalId: string) => logicalId.replace(/[0-9A-F]{8}$/, '');

export interface ScopeOptions {
  /** Pseudo parameters, such as `AWS::Region`. */
  readonly pseudo: Readonly<Record<string, string>>;
  /** What `Fn::GetAtt` gives of a resource of this type. */
  readonly attribute: (logicalId: string, type: string, name: string) => string;
}

/** Every reference is the name of what it refers to, without the hash at its end. */
export function scopeOf(stack: Stack, stacks: readonly Stack[], options: ScopeOptions): Scope {
  const { Resources } = stack.template;
  return {
    ref: (id) => options.pseudo[id] ?? named(id),
    attribute: (id, name) => options.attribute(id, Resources[id]?.Type ?? '', name),
    condition: (id) => {
      throw new Error(`a condition: ${id}`);
    },
    imported(name) {
      for (const other of stacks) {
        for (const { Value, Export } of Object.values(other.template.Outputs ?? {})) {
          if (Export?.Name === name) return resolve(Value, scopeOf(other, stacks, options));
        }
      }
      throw new Error(`no stack exports ${name}, which ${stack.name} imports`);
    },
  };
}
