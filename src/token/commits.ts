import { z } from 'zod';
import { fromTime } from '../domain/encoding.ts';
import { digestPattern } from '../domain/manifest.ts';
import { bearerToken, type Caller } from '../lambda/api-key.ts';
import { json, type Operation } from '../lambda/http.ts';
import { orUnavailable } from '../lambda/or-unavailable.ts';
import type { Tenant } from '../store/registry.ts';
import { checkQuota, type Take } from './check-quota.ts';
import { parseBody } from './parse-body.ts';
import { writingTenant } from './writing-tenant.ts';

interface CommitsOptions {
  readonly authenticate: (token: string) => Promise<Caller>;
  readonly tenant: (id: string) => Promise<Tenant | undefined>;
  readonly take: Take;
  /**
   * Whether each batch is stored, under any of these counts of shards, in order; a no may be a moment old. A row that ends
   * before its batch has been kept for `keptDays` does not count: it would be removed early.
   */
  readonly stored: (
    tenant: string,
    shards: readonly number[],
    batches: readonly { readonly to: string; readonly id: string }[],
    keptDays: number,
  ) => Promise<boolean[]>;
  /** Epoch ms. */
  readonly now: () => number;
}

const bodySchema = z.strictObject({
  batches: z
    .array(
      z.strictObject({
        to: z.string().refine((text) => fromTime(text) !== undefined, 'RFC 3339, UTC, ms'),
        id: z.string().regex(digestPattern),
      }),
    )
    .min(1)
    .max(100),
});

/** Largest body: a hundred batches are 8.4 KB. */
const maxBytes = 16 * 1024;

/**
 * A client that waits asks up to 20 times a second, at its busiest. With the tool's own quota (60 a minute) five such
 * processes share a key.
 */
const perCredentials = 100;

/** `POST /v1/commits`: which of a client's batches are stored; of another tenant's, none ever is. */
export function createCommits(options: CommitsOptions): Operation {
  const { authenticate, tenant: find, take, stored, now } = options;
  return async ({ headers, body }) => {
    const token = bearerToken(headers['authorization']);
    const { batches } = parseBody(bodySchema, body, maxBytes);
    const caller = await authenticate(token);
    const tenant = await writingTenant(caller, find);
    const limit = perCredentials * tenant.credentialsPerMinute;
    await checkQuota(take, `commits.${caller.keyId}`, limit, now());
    // A batch lies where the grant that it was sent under said, and that may be of before shards were raised.
    const shards = [tenant.shards, ...(tenant.formerShards ?? [])];
    // A grant of before retention was raised lets its batches end as they would have then.
    const keptDays = tenant.leastRetentionDays ?? tenant.retentionDays;
    const committed = await orUnavailable('the store', () =>
      stored(tenant.id, shards, batches, keptDays),
    );
    return json(200, { committed });
  };
}
