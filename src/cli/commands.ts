import type { AnyCommand } from './command.ts';
import { completionOf } from './completion.ts';
import { discardDeadLetters } from './dlq/discard.ts';
import { listDeadLetters } from './dlq/ls.ts';
import { redriveDeadLetters } from './dlq/redrive.ts';
import { showDeadLetter } from './dlq/show.ts';
import { exportLog } from './export/export.ts';
import { listGrants } from './grants/list.ts';
import { revokeGrants } from './grants/revoke.ts';
import { createKey } from './keys/create.ts';
import { listKeys } from './keys/list.ts';
import { revokeKey } from './keys/revoke.ts';
import { rotateKey } from './keys/rotate.ts';
import { acknowledgeGaps } from './producers/acknowledge.ts';
import { producers } from './read/producers.ts';
import { query } from './read/query.ts';
import { stats } from './read/stats.ts';
import { tail } from './read/tail.ts';
import { ship } from './ship.ts';
import { createTenant } from './tenants/create.ts';
import { listTenants } from './tenants/list.ts';
import { setTenant } from './tenants/set.ts';
import { verify } from './verify/verify.ts';

const others: readonly AnyCommand[] = [
  query,
  stats,
  tail,
  exportLog,
  verify,
  producers,
  ship,
  createTenant,
  listTenants,
  setTenant,
  createKey,
  listKeys,
  rotateKey,
  revokeKey,
  listGrants,
  revokeGrants,
  acknowledgeGaps,
  listDeadLetters,
  showDeadLetter,
  redriveDeadLetters,
  discardDeadLetters,
];

/** In the order in which the help shows them. */
export const commands: readonly AnyCommand[] = [...others, completionOf(others)];
