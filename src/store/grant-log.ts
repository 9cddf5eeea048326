import { setTimeout as sleep } from 'node:timers/promises';
import {
  BatchGetItemCommand,
  DuplicateItemException,
  type DynamoDBClient,
  ExecuteStatementCommand,
} from '@aws-sdk/client-dynamodb';
import { SealtrailError } from '../domain/error.ts';
import { revocationPrefix, stopPrefix } from './keys.ts';
import type { Item } from './partiql-insert.ts';

/** A grant as it was issued, and how it ended. */
export interface LoggedGrant {
  readonly jwt: string;
  /** Whose it is, as its row says; what the issuer signed is the JWT. */
  readonly tenant?: string;
  readonly client?: string;
  /** The API key that it was issued for; undefined if it was a token of an OpenID provider, or an operator's. */
  readonly keyId?: string;
  /** From when on it no longer holds, epoch ms. */
  readonly revokedAt?: number;
  /** Why, where it was not an operator's doing. */
  readonly revokedFor?: string;
  /** From when on nothing new is let in under it, epoch ms. */
  readonly stoppedAt?: number;
  readonly stoppedFor?: string;
}

/** About a grant, for those who look for it later. Times are epoch seconds. */
export interface GrantAbout {
  readonly tenant: string;
  readonly client: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly keyId?: string | undefined;
}

/** Every grant ever issued, every revocation, and every stop. Insert-only. */
export interface GrantLog {
  /**
   * Logs a grant, for good, before it returns; `replayed` if its id is there already. Throws `unavailable` if it
   * cannot be known whose the row is.
   */
  insert(id: string, jwt: string, about: GrantAbout): Promise<'inserted' | 'replayed'>;
  /** Revokes a grant from `at` on, epoch ms, with the reason if there is one to keep. The first revocation stays. */
  revoke(
    id: string,
    at: number,
    about?: { readonly reason?: string; readonly signal?: AbortSignal },
  ): Promise<'revoked' | 'already-revoked'>;
  /**
   * Stops a grant: what arrives from `at` on, epoch ms, is set aside until an operator has looked at it. It says
   * nothing about who sealed: readers and proofs ignore it, what was set aside can be redriven, and a stopped grant
   * can still be revoked. The first stop stays.
   */
  stop(
    id: string,
    at: number,
    about: { readonly reason: string; readonly signal?: AbortSignal },
  ): Promise<'stopped' | 'already-stopped'>;
  /**
   * Those of these grants that exist: strongly consistent, so one issued a moment ago is found. Throws
   * `throttled` if DynamoDB leaves some out until the signal is aborted (after 5 s unless given).
   */
  find(ids: readonly string[], signal?: AbortSignal): Promise<Map<string, LoggedGrant>>;
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html */
const maxKeys = 100;

/** The log in one table, whose key is `id`: `<grant id>`, `revoked#<grant id>` and `stopped#<grant id>`. */
export function createGrantLog({
  client,
  table,
}: {
  readonly client: DynamoDBClient;
  readonly table: string;
}): GrantLog {
  return {
    async insert(id, jwt, { tenant, client: owner, issuedAt, expiresAt, keyId }) {
      const outcome = await insertItem(client, table, {
        id: { S: id },
        jwt: { S: jwt },
        tenant: { S: tenant },
        client: { S: owner },
        issuedAt: { N: String(issuedAt) },
        expiresAt: { N: String(expiresAt) },
        ...(keyId !== undefined && { key: { S: keyId } }),
      });
      if (outcome.kind === 'inserted') return 'inserted';
      // After a try whose answer was lost, the row may be that try's.
      if (outcome.attempts > 1)
        throw new SealtrailError('unavailable', 'the grant may have been logged; make a new proof');
      return 'replayed';
    },
    async revoke(id, at, { reason, signal } = {}) {
      const outcome = await insertItem(
        client,
        table,
        endOf(revocationPrefix, id, at, reason),
        signal,
      );
      return outcome.kind === 'inserted' ? 'revoked' : 'already-revoked';
    },
    async stop(id, at, { reason, signal }) {
      const outcome = await insertItem(client, table, endOf(stopPrefix, id, at, reason), signal);
      return outcome.kind === 'inserted' ? 'stopped' : 'already-stopped';
    },
    async find(ids, signal = AbortSignal.timeout(5000)) {
      const keys = [...new Set(ids)].flatMap((id) => [id, revocationPrefix + id, stopPrefix + id]);
      const calls: string[][] = [];
      for (let i = 0; i < keys.length; i += maxKeys) calls.push(keys.slice(i, i + maxKeys));
      const items = await Promise.all(calls.map((call) => getAll(client, table, call, signal)));
      return toGrants(ids, items.flat());
    },
  };
}

function endOf(prefix: string, grantId: string, at: number, reason: string | undefined): Item {
  return {
    id: { S: prefix + grantId },
    at: { N: String(at) },
    ...(reason !== undefined && { reason: { S: reason } }),
  };
}

type Inserted = { readonly kind: 'inserted' } | { readonly kind: 'exists'; attempts: number };

/**
 * PartiQL's INSERT never replaces an item, and unlike PutItem can be granted without leave to do so.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.insert.html
 */
async function insertItem(
  client: DynamoDBClient,
  table: string,
  item: Item,
  abortSignal?: AbortSignal,
): Promise<Inserted> {
  const members = Object.keys(item).map((name) => `'${name}': ?`);
  try {
    await client.send(
      new ExecuteStatementCommand({
        Statement: `INSERT INTO "${table}" VALUE {${members.join(', ')}}`,
        Parameters: Object.values(item),
      }),
      abortSignal && { abortSignal },
    );
    return { kind: 'inserted' };
  } catch (error) {
    if (!(error instanceof DuplicateItemException)) throw error;
    return { kind: 'exists', attempts: error.$metadata.attempts ?? 1 };
  }
}

/** Asks again for what DynamoDB left out, which it does when it throttles. */
async function getAll(
  client: DynamoDBClient,
  table: string,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<Item[]> {
  const found: Item[] = [];
  let open: Item[] = ids.map((id) => ({ id: { S: id } }));
  for (let attempt = 0; open.length > 0; attempt++) {
    try {
      // Full jitter, at most 1 s.
      if (attempt > 0)
        await sleep(Math.random() * Math.min(25 * 2 ** attempt, 1000), null, { signal });
      const answer = await client.send(
        new BatchGetItemCommand({
          RequestItems: { [table]: { Keys: open, ConsistentRead: true } },
        }),
        { abortSignal: signal },
      );
      found.push(...(answer.Responses?.[table] ?? []));
      open = answer.UnprocessedKeys?.[table]?.Keys ?? [];
    } catch (cause) {
      if (!signal.aborted) throw cause;
      throw new SealtrailError('throttled', 'the log of grants gave no answer in time', { cause });
    }
  }
  return found;
}

function toGrants(ids: readonly string[], items: readonly Item[]): Map<string, LoggedGrant> {
  const byId = new Map(items.map((item) => [item['id']?.S, item]));
  const grants = new Map<string, LoggedGrant>();
  for (const id of ids) {
    const { jwt, tenant, client, key } = byId.get(id) ?? {};
    if (jwt?.S === undefined) continue;
    const revoked = byId.get(revocationPrefix + id);
    const stopped = byId.get(stopPrefix + id);
    grants.set(id, {
      jwt: jwt.S,
      ...(tenant?.S !== undefined && { tenant: tenant.S }),
      ...(client?.S !== undefined && { client: client.S }),
      ...(key?.S !== undefined && { keyId: key.S }),
      ...(revoked?.['at']?.N !== undefined && { revokedAt: Number(revoked['at'].N) }),
      ...(revoked?.['reason']?.S !== undefined && { revokedFor: revoked['reason'].S }),
      ...(stopped?.['at']?.N !== undefined && { stoppedAt: Number(stopped['at'].N) }),
      ...(stopped?.['reason']?.S !== undefined && { stoppedFor: stopped['reason'].S }),
    });
  }
  return grants;
}
