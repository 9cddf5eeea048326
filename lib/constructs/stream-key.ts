import { Stack } from 'aws-cdk-lib';
import type { AuditStore } from '../audit-store.ts';
import type { Statement } from './reasoned.ts';

/**
 * With a key of our own, who puts to the stream needs leave to make data keys, and who reads leave to decrypt
 * them: through Kinesis only, which asks as the caller
 * (https://docs.aws.amazon.com/streams/latest/dev/permissions-user-key-KMS.html). The key is this stream's alone,
 * so that says the same as naming the stream in the encryption context. Without one: nothing.
 */
export function encryptOnto(store: AuditStore): Statement[] {
  return use(store, 'EncryptOntoStream', 'kms:GenerateDataKey');
}

export function decryptFrom(store: AuditStore): Statement[] {
  return use(store, 'DecryptFromStream', 'kms:Decrypt');
}

function use(store: AuditStore, sid: string, action: string): Statement[] {
  if (store.streamKey === undefined) return [];
  return [
    {
      sid,
      actions: [action],
      resources: [store.streamKey.keyArn],
      conditions: {
        StringEquals: {
          'kms:ViaService': `kinesis.${Stack.of(store).region}.${Stack.of(store).urlSuffix}`,
        },
      },
    },
  ];
}
