import { AuditClient } from './client.ts';
import { defaultInternals } from './internals.ts';
import { type AuditClientOptions, parseOptions } from './options.ts';
import { requireZstd } from './require-zstd.ts';

export type { ErrorCode, ErrorKind, EventFate, SealtrailError } from '../domain/error.ts';
export type { Event } from '../domain/event.ts';
export type { AuditClient } from './client.ts';
export { type CloseOnSignalOptions, closeOnSignal } from './close-on-signal.ts';
export {
  type Actor,
  type AuditContext,
  type ContextEvent,
  currentContext,
  withContext,
} from './context.ts';
export { defineEvents, type EventCatalogue } from './define-events.ts';
export type { Acknowledgement, Durable, Receipt, RecordOptions, Until } from './entry.ts';
export type {
  Definition,
  Definitions,
  PartsOf,
  RecordArguments,
  TypedEvent,
} from './event-types.ts';
export { type Audit, type EventParts, inContext, type TypedAudit } from './in-context.ts';
export type { AuditEvents, AuditListener } from './listeners.ts';
export type { AuditClientOptions } from './options.ts';
export type { EventInput } from './prepare-event.ts';
export type { Recorder } from './recorder.ts';
export type { SpoolStats, Stats } from './stats.ts';

// At import: what was recorded until a first batch failed would be lost.
requireZstd();

/**
 * A client that records audit events under this API key (see README.md). It connects at the first
 * `record`, or at once if its spool holds something. Throws `request-invalid` if an option is wrong or
 * unknown, `spool-locked` if somebody uses the spool's folder, and `spool-failed` if it cannot be used.
 */
export function createAuditClient(options: AuditClientOptions): AuditClient {
  const settings = parseOptions(options);
  return new AuditClient(settings, defaultInternals(settings.inFlight));
}
