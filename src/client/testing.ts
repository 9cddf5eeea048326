export { type AuditMatchers, auditMatchers, type ExpectedEvent } from './testing/matchers.ts';
export { MemoryAudit } from './testing/memory-audit.ts';
