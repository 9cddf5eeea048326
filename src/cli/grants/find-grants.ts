import { limits } from '../../domain/limits.ts';
import { type GrantRow, listGrants } from '../../store/list-grants.ts';
import type { Session } from '../session.ts';

/** A grant, and from when on it no longer holds, or takes nothing new: epoch ms. */
export interface FoundGrant extends GrantRow {
  readonly revokedAt: number | undefined;
  readonly revokedFor: string | undefined;
  readonly stoppedAt: number | undefined;
  readonly stoppedFor: string | undefined;
}

/** Whether a batch of this grant that arrived now would still be taken; of a stopped one, by a redrive. */
export function holds({ expiresAt, revokedAt }: FoundGrant, now: number): boolean {
  return revokedAt === undefined && now <= expiresAt * 1000 + limits.graceMs;
}

/** Reads the whole table of grants, showing how far it is, and then how those that match ended. */
export async function findGrants(
  { aws, outputs, grants, out, now }: Session,
  {
    tenant,
    client,
    all,
  }: { tenant?: string | undefined; client?: string | undefined; all: boolean },
): Promise<FoundGrant[]> {
  const rows: GrantRow[] = [];
  const found = listGrants({
    client: aws.dynamodb,
    table: outputs.GrantsTable,
    tenant,
    owner: client,
    endingAfter: all ? undefined : Math.floor((now() - limits.graceMs) / 1000) - 1,
    onPage: (count) =>
      out.progress(`read ${count.toLocaleString('en-US')} rows of the log of grants`),
  });
  for await (const row of found) rows.push(row);
  const known = await grants.find(
    rows.map(({ id }) => id),
    AbortSignal.timeout(60_000),
  );
  return rows
    .map((row) => {
      const { revokedAt, revokedFor, stoppedAt, stoppedFor } = known.get(row.id) ?? {};
      return { ...row, revokedAt, revokedFor, stoppedAt, stoppedFor };
    })
    .sort((a, b) => a.issuedAt - b.issuedAt || (a.id < b.id ? -1 : 1));
}
