import { Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { codeOf } from '../domain/error.ts';
import { type ContextEvent, fillFromContext } from './context.ts';
import { createAuditClient } from './index.ts';
import type { AuditClientOptions } from './options.ts';
import type { EventInput } from './prepare-event.ts';
import type { Recorder } from './recorder.ts';

/** More than this is not read from the log before some of it is accepted. */
const mostPending = 10_000;

/** What pino adds of its own to the options of every transport; the client's know no strangers. */
type WorkerOptions = AuditClientOptions & { $context?: unknown; pinoWillSendConfig?: unknown };

/**
 * A pino transport: log lines with a member `audit` become events, all others are passed over. It runs in
 * the transport's worker thread, with a client of its own, and takes `createAuditClient`'s options. When
 * the log ends it waits for all events to be accepted (pino itself waits at most 10 s at an exit). A line
 * that is no event is reported on stderr, with the reason.
 *
 * @example
 * const log = pino(
 *   { formatters: { log: fillAudit } },
 *   pino.transport({ target: 'sealtrail/pino', options: { url, apiKey } }),
 * );
 * log.info({ audit: { action: 'invoice.refunded', targets } }, 'refunded');
 */
export default function createTransport(given: AuditClientOptions): Writable {
  const { $context, pinoWillSendConfig, ...options } = given as WorkerOptions;
  return auditStream(createAuditClient(options));
}

/** The transport over a recorder: a stream that takes a log in NDJSON. */
export function auditStream(audit: Recorder): Writable {
  const decoder = new StringDecoder('utf8'); // a chunk may end within a character
  let rest = '';
  const take = (line: string) => {
    const event = eventIn(line);
    if (event !== undefined) audit.record(event).catch(report);
  };
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      const lines = (rest + decoder.write(chunk)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) take(line);
      if (audit.stats().pending.events < mostPending) done();
      else audit.flush().catch(report).finally(done);
    },
    final(done) {
      take(rest);
      audit.close().catch(report).finally(done);
    },
  });
  // What `logger.flush(callback)` waits for.
  return Object.assign(stream, { flush: () => audit.flush() });
}

/**
 * For pino's `formatters.log`: an event that is logged takes who and where from the context, as
 * `inContext` does. It must happen here: the transport is in another thread, which has no context.
 */
export function fillAudit(logged: Record<string, unknown>): Record<string, unknown> {
  const { audit } = logged;
  if (typeof audit !== 'object' || audit === null) return logged;
  return { ...logged, audit: fillFromContext(audit as ContextEvent) };
}

function eventIn(line: string): EventInput | undefined {
  if (!line.includes('"audit":')) return undefined; // most lines: not worth parsing
  try {
    return JSON.parse(line).audit;
  } catch (error) {
    report(error);
    return undefined;
  }
}

function report(error: unknown): void {
  const { message } = error instanceof Error ? error : new Error(String(error));
  console.error(`sealtrail/pino: ${codeOf(error) ?? 'internal'}: ${message}`);
}
