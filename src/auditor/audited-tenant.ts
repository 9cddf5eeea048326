import type { Tenant } from '../store/registry.ts';

/** What must be known of a tenant to look after its producers. */
export type AuditedTenant = Pick<Tenant, 'id' | 'retentionDays' | 'leastRetentionDays'>;
