import type { AssumeRoleCommandInput, AssumeRoleCommandOutput } from '@aws-sdk/client-sts';
import { orUnavailable } from '../lambda/or-unavailable.ts';

interface VendorOptions {
  readonly roleArn: string;
  readonly streamArn: string;
  /** The key of one's own that the stream is encrypted with, if it is. */
  readonly streamKeyArn?: string | undefined;
  readonly assumeRole: (
    input: AssumeRoleCommandInput,
  ) => Promise<Pick<AssumeRoleCommandOutput, 'Credentials'>>;
}

export interface SessionRequest {
  readonly grantId: string;
  readonly tenant: string;
  readonly client: string;
  readonly seconds: number;
}

export interface SessionCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** Epoch ms. */
  readonly expiresAt: number;
}

/**
 * Vends credentials that may put records to the one stream, and nothing else, whatever the role may. The
 * session bears the grant's id, so that CloudTrail names it, and tenant and client as tags, so that one
 * Deny by `aws:PrincipalTag/tenant` stops a tenant at once.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html. Throws `unavailable`.
 */
export function sessionVendor({ roleArn, streamArn, streamKeyArn, assumeRole }: VendorOptions) {
  const put = { Effect: 'Allow', Action: 'kinesis:PutRecords', Resource: streamArn };
  // Kinesis makes data keys as the caller
  // (https://docs.aws.amazon.com/streams/latest/dev/permissions-user-key-KMS.html).
  const encrypt = {
    Effect: 'Allow',
    Action: 'kms:GenerateDataKey',
    Resource: streamKeyArn,
    Condition: { StringLike: { 'kms:ViaService': `kinesis.${streamArn.split(':')[3]}.*` } },
  };
  const policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: streamKeyArn === undefined ? [put] : [put, encrypt],
  });
  return ({ grantId, tenant, client, seconds }: SessionRequest): Promise<SessionCredentials> =>
    orUnavailable('the vending of credentials', async () => {
      const { Credentials: credentials } = await assumeRole({
        RoleArn: roleArn,
        RoleSessionName: grantId,
        Policy: policy,
        DurationSeconds: seconds,
        Tags: [
          { Key: 'tenant', Value: tenant },
          { Key: 'client', Value: client },
        ],
      });
      const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = credentials ?? {};
      if (!AccessKeyId || !SecretAccessKey || !SessionToken || !Expiration)
        throw new TypeError('AssumeRole answered without credentials');
      return {
        accessKeyId: AccessKeyId,
        secretAccessKey: SecretAccessKey,
        sessionToken: SessionToken,
        expiresAt: Expiration.getTime(),
      };
    });
}
