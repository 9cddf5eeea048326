import { isDeepStrictEqual } from 'node:util';
import type { Resource, Stack } from './assembly.ts';
import { recorded } from './resources/recorded.ts';

/** Properties of what holds data, by what a change of them means. */
interface Holder {
  /** CloudFormation would make another, empty one, and remove this one. */
  readonly replacing: readonly string[];
  /** Changed in place, or without any effect here. Of all others the local AWS has no change in place. */
  readonly changeable: readonly string[];
}

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/: "Update requires" of each property. */
const holders: Readonly<Record<string, Holder>> = {
  'AWS::DynamoDB::Table': {
    replacing: ['TableName', 'KeySchema'],
    changeable: [
      'ResourcePolicy',
      'DeletionProtectionEnabled',
      'PointInTimeRecoverySpecification',
      'SSESpecification',
      'Tags',
    ],
  },
  'AWS::DynamoDB::GlobalTable': { replacing: ['TableName', 'KeySchema'], changeable: [] },
  'AWS::Kinesis::Stream': { replacing: ['Name'], changeable: ['Tags'] },
  'AWS::KMS::Key': {
    replacing: ['KeySpec', 'KeyUsage'],
    changeable: ['Description', 'EnableKeyRotation', 'Tags'],
  },
  'AWS::S3::Bucket': {
    replacing: ['BucketName'],
    changeable: [
      'BucketEncryption',
      'LifecycleConfiguration',
      'ObjectLockConfiguration',
      'ObjectLockEnabled',
      'OwnershipControls',
      'PublicAccessBlockConfiguration',
      'Tags',
      'VersioningConfiguration',
    ],
  },
  'AWS::SQS::Queue': { replacing: ['QueueName'], changeable: ['SqsManagedSseEnabled', 'Tags'] },
};

/** Whether what bears a changed template's data is left as it stands: what may differ has no effect here. */
export function staysAsItIs(type: string): boolean {
  return type !== 'AWS::DynamoDB::Table' && Object.hasOwn(holders, type);
}

/** What holds no data, but a place: where the mapping has read to, and the one address. */
const fixed = new Set(['AWS::Lambda::EventSourceMapping', 'AWS::ApiGatewayV2::Api']);

/** What can be removed while the rest runs on. */
const removable = new Set([
  'AWS::ApiGatewayV2::Integration',
  'AWS::ApiGatewayV2::Route',
  'AWS::Events::Rule',
  'AWS::IAM::Policy',
  'AWS::Lambda::Permission',
  ...Object.keys(recorded),
]);

/**
 * Whether running stacks can become others with all data kept: before anything is changed.
 *
 * @throws naming every resource that would be replaced or removed with its data, or that the local AWS cannot
 * change; whoever wants that makes a new deployment
 */
export function checkUpdate(running: readonly Stack[], next: readonly Stack[]): void {
  const reasons = running.flatMap((stack) => {
    const resources = next.find(({ name }) => name === stack.name)?.template.Resources ?? {};
    return Object.entries(stack.template.Resources).flatMap(([logicalId, before]) =>
      obstacles(before, resources[logicalId]).map(
        (reason) => `${stack.name}/${logicalId} (${before.Type}): ${reason}`,
      ),
    );
  });
  if (reasons.length > 0) throw new Error(`The update is refused:\n  ${reasons.join('\n  ')}`);
}

function obstacles(before: Resource, after: Resource | undefined): string[] {
  const holder = holders[before.Type];
  if (after === undefined) {
    if (holder !== undefined) return ['would be removed, with its data'];
    return removable.has(before.Type) ? [] : ['cannot be removed here'];
  }
  if (after.Type !== before.Type) {
    return [`would be replaced by a ${after.Type}`];
  }
  const changed = changedProperties(before, after);
  if (fixed.has(before.Type)) return changed.map((name) => `${name} cannot be changed here`);
  if (holder === undefined) return [];
  return changed
    .filter((name) => !holder.changeable.includes(name))
    .map((name) =>
      holder.replacing.includes(name)
        ? `${name} differs: it would be replaced, without its data`
        : `${name} cannot be changed here`,
    );
}

function changedProperties(before: Resource, after: Resource): string[] {
  const one: Record<string, unknown> = { ...(before.Properties ?? {}) };
  const other: Record<string, unknown> = { ...(after.Properties ?? {}) };
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].filter((name) => !isDeepStrictEqual(one[name], other[name]));
}
