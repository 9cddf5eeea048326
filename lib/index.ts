/** Constructs for an app of your own: `import { AuditPipeline, AuditStore } from 'sealtrail/cdk'`. */
export { AuditPipeline, type AuditPipelineProps } from './audit-pipeline.ts';
export { AuditStore, type AuditStoreProps } from './audit-store.ts';
export type { OidcIssuer } from './oidc-issuer.ts';
