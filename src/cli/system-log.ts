import type { KeyObject } from 'node:crypto';
import { randomUUID } from 'node:crypto';
import { PutRecordCommand } from '@aws-sdk/client-kinesis';
import { GetPublicKeyCommand, SignCommand } from '@aws-sdk/client-kms';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { generateKey, thumbprint } from '../domain/ed25519.ts';
import { toTime } from '../domain/encoding.ts';
import { type Event, eventSchema } from '../domain/event.ts';
import { compose, signBatch } from '../domain/seal.ts';
import { systemTenant } from '../domain/system-tenant.ts';
import { uuidSource } from '../domain/uuid.ts';
import { issuerKeys } from '../lambda/issuer-keys.ts';
import type { Tenant } from '../store/registry.ts';
import { grantIssuer } from '../token/issue-grant.ts';
import type { Session } from './session.ts';

const client = 'operator';

/** Seven years; `tenants set system --retention-days` changes it. */
const firstSystemTenant: Tenant = {
  id: systemTenant,
  retentionDays: 2555,
  shards: 1,
  credentialsPerMinute: 60,
};

/** A grant is made for this long, and a new one well before that, so that a long redrive outlives none, seconds. */
const grantSeconds = 900;
const renewSeconds = 600;

export interface SystemLog {
  /**
   * Records an event of the caller; resolves with its id once the stream has accepted it. `last` ends the
   * log of this run: a run that ends without is seen to have broken off.
   */
  record(event: Pick<Event, 'action' | 'outcome'> & Partial<Event>, last: boolean): Promise<string>;
}

interface Signer {
  readonly grantId: string;
  readonly key: KeyObject;
  /** Epoch seconds. */
  readonly renewAt: number;
}

/**
 * The log of the tenant `system`, written with the operator's own rights and no stored secret: a fresh key, a grant
 * for it that KMS signs at the operator's call, and the batch put on the stream. Who may do this may do anything
 * to a deployment; that it was done is in CloudTrail too (kms:Sign).
 */
export async function openSystemLog(session: Session): Promise<SystemLog> {
  const { aws, outputs, grants, now } = session;
  const { Arn: caller } = await aws.sts.send(new GetCallerIdentityCommand({}));
  if (caller === undefined) throw new TypeError('STS does not say who calls');
  const mint = uuidSource();
  const producer = mint(now());
  const issue = grantIssuer({
    name: outputs.Issuer,
    keys: issuerKeys(outputs.SigningKeyArn, async (KeyId) => {
      const { PublicKey } = await aws.kms.send(new GetPublicKeyCommand({ KeyId }));
      return PublicKey ?? new Uint8Array();
    }),
    async sign(KeyId, Message) {
      const { Signature } = await aws.kms.send(
        new SignCommand({
          KeyId,
          Message,
          MessageType: 'RAW',
          SigningAlgorithm: 'ED25519_SHA_512',
        }),
      );
      return Signature ?? new Uint8Array();
    },
    insert: grants.insert,
  });
  let signer: Signer | undefined;
  let seq = 0;
  let prev: string | null = null;

  async function currentSigner(tenant: Tenant): Promise<Signer> {
    const issuedAt = Math.floor(now() / 1000);
    if (signer !== undefined && signer.renewAt > issuedAt) return signer;
    const { privateKey: key, jwk } = generateKey();
    const { retentionDays, shards } = tenant;
    const { id: grantId } = await issue({
      tenant: systemTenant,
      client,
      retentionDays,
      shards,
      via: 'service',
      proof: { jwk, thumbprint: thumbprint(jwk), jti: randomUUID() },
      issuedAt,
      seconds: grantSeconds,
    });
    signer = { grantId, key, renewAt: issuedAt + renewSeconds };
    return signer;
  }

  const log: SystemLog = {
    async record(event, last) {
      const { grantId, key } = await currentSigner(tenant);
      const ms = now();
      const id = mint(ms);
      const whole = eventSchema.parse({
        id,
        time: toTime(ms),
        actor: { type: 'aws', id: caller },
        targets: [],
        ...event,
      });
      const batch = compose({
        client,
        producer,
        seq,
        prev,
        lines: [Buffer.from(JSON.stringify(whole))],
        from: ms,
        to: ms,
        fin: last,
        sealed: ms,
      });
      await aws.kinesis.send(
        new PutRecordCommand({
          StreamName: outputs.StreamName,
          PartitionKey: batch.id,
          Data: signBatch(batch, grantId, key),
        }),
      );
      seq += 1;
      prev = batch.id;
      return id;
    },
  };

  const known = await session.registry.tenant(systemTenant);
  const tenant = known ?? firstSystemTenant;
  if (known === undefined && (await session.registry.createTenant(tenant)) === 'created') {
    const targets = [{ type: 'tenant', id: systemTenant }];
    await log.record({ action: 'tenant.create', outcome: 'success', targets }, false);
  }
  return log;
}
