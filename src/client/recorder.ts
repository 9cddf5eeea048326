import type { AuditClient } from './client.ts';

/** What events are recorded with: an `AuditClient`, or a `MemoryAudit` in an app's own tests. */
export type Recorder = Pick<
  AuditClient,
  'record' | 'flush' | 'close' | 'stats' | 'on' | typeof Symbol.asyncDispose
>;
