import type { Tenant } from '../../store/registry.ts';
import type { Option } from '../option.ts';
import type { Row } from '../output.ts';

export const tenantColumns = ['tenant', 'retentionDays', 'quota', 'shards'];

/** What an operator sets; what the registry keeps for itself beside it is not shown. */
export function tenantRow({ id, credentialsPerMinute, retentionDays, shards }: Tenant): Row {
  return { tenant: id, retentionDays, shards, quota: credentialsPerMinute };
}

/** What may be chosen of a tenant. */
export const tenantOptions: Readonly<Record<string, Option>> = {
  'retention-days': {
    value: 'DAYS',
    help: 'how long its events are kept from their arrival, 1 to 36500 (a new tenant: 365)',
  },
  quota: {
    value: 'N',
    help: 'credentials that one API key may ask for in a minute (a new tenant: 60); a client needs two an hour',
  },
  shards: {
    value: 'N',
    help: 'partitions that each of its days is spread over, 1 to 1024 (a new tenant: 1)',
  },
};
