import { SealtrailError } from '../domain/error.ts';
import { systemTenant } from '../domain/system-tenant.ts';
import type { Caller } from '../lambda/api-key.ts';
import { orUnavailable } from '../lambda/or-unavailable.ts';
import { readClient } from '../lambda/read-grant.ts';
import type { Tenant } from '../store/registry.ts';

/**
 * The tenant that this caller writes for. Throws `forbidden` for a key or token that may not write, whose tenant is
 * not registered, or whose tenant is `system`, even where the registry has such a key; `unavailable`.
 */
export async function writingTenant(
  caller: Caller,
  find: (id: string) => Promise<Tenant | undefined>,
): Promise<Tenant> {
  if (!caller.scopes.has('write'))
    throw new SealtrailError('forbidden', 'this key or token may not write');
  if (caller.client === readClient)
    throw new SealtrailError('forbidden', `nobody writes as ${readClient} but the read API itself`);
  if (caller.tenant === systemTenant)
    throw new SealtrailError(
      'forbidden',
      `operators write to ${systemTenant}, and no key or token`,
    );
  const tenant = await orUnavailable('the registry', () => find(caller.tenant));
  if (tenant === undefined)
    throw new SealtrailError('forbidden', 'the tenant of this key or token is not registered');
  return tenant;
}
