import type { Command } from './command.ts';
import { discardDeadLetters } from './dlq/discard.ts';
import { listDeadLetters } from './dlq/ls.ts';
import { redriveDeadLetters } from './dlq/redrive.ts';
import { showDeadLetter } from './dlq/show.ts';
import { listGrants } from './grants/list.ts';
import { revokeGrants } from './grants/revoke.ts';
import { createKey } from './keys/create.ts';
import { listKeys } from './keys/list.ts';
import { revokeKey } from './keys/revoke.ts';
import { rotateKey } from './keys/rotate.ts';
import { createTenant } from './tenants/create.ts';
import { listTenants } from './tenants/list.ts';
import { setTenant } from './tenants/set.ts';

/** In the order in which the help shows them. */
export const commands: readonly Command[] = [
  createTenant,
  listTenants,
  setTenant,
  createKey,
  listKeys,
  rotateKey,
  revokeKey,
  listGrants,
  revokeGrants,
  listDeadLetters,
  showDeadLetter,
  redriveDeadLetters,
  discardDeadLetters,
];
