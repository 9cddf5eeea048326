import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type { CheckedStoreSettings } from '../settings.ts';

/** Every way to make a key unusable, or to let somebody. */
const losses = [
  'kms:DisableKey',
  'kms:ScheduleKeyDeletion',
  'kms:DeleteImportedKeyMaterial',
  'kms:PutKeyPolicy',
];

/**
 * Without the signing key no stored batch could be verified, without the stream's key no record be read. So in prod
 * only the break-glass role can take one away, whatever else somebody may.
 */
export function guardKey(key: kms.Key, { prod, breakGlassRoleArn }: CheckedStoreSettings): void {
  if (!prod || breakGlassRoleArn === undefined) return;
  key.addToResourcePolicy(
    new iam.PolicyStatement({
      sid: 'KeepKey',
      effect: iam.Effect.DENY,
      principals: [new iam.AnyPrincipal()],
      actions: losses,
      resources: ['*'],
      conditions: { ArnNotEquals: { 'aws:PrincipalArn': breakGlassRoleArn } },
    }),
  );
}
