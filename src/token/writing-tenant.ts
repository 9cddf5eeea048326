import { SealtrailError } from '../domain/error.ts';
import type { Caller } from '../lambda/api-key.ts';
import { orUnavailable } from '../lambda/or-unavailable.ts';
import { readClient } from '../lambda/read-grant.ts';
import type { Tenant } from '../store/registry.ts';

/**
 * The tenant that this caller writes for. Throws `forbidden` for a key that may not write, or whose tenant
 * is not registered; `unavailable`.
 */
export async function writingTenant(
  caller: Caller,
  find: (id: string) => Promise<Tenant | undefined>,
): Promise<Tenant> {
  if (!caller.scopes.has('write'))
    throw new SealtrailError('forbidden', 'this API key may not write');
  if (caller.client === readClient)
    throw new SealtrailError('forbidden', `nobody writes as ${readClient} but the read API itself`);
  const tenant = await orUnavailable('the registry', () => find(caller.tenant));
  if (tenant === undefined)
    throw new SealtrailError('forbidden', 'the tenant of this API key is not registered');
  return tenant;
}
