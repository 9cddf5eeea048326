import { SealtrailError } from '../domain/error.ts';
import type { HttpRequest, Operation } from '../lambda/http.ts';
import { describeError, type Log } from '../lambda/log.ts';
import { type Authenticate, type Reader, tenantOf } from './access.ts';
import type { Read } from './audit-event.ts';

export interface RecordedOptions {
  readonly authenticateAny: Authenticate;
  readonly record: (read: Omit<Read, 'at'>) => Promise<void>;
  /** Whether a read that cannot be recorded is refused. */
  readonly mustBeRecorded: boolean;
  readonly log: Log;
}

/** What does not change which events are asked for. */
const unimportant = new Set(['tenant', 'cursor', 'limit', 'format']);

/**
 * An operation whose every answer is an audit event of the tenant, on the stream before the answer is given. If that
 * fails, the answer is given all the same, counted and alarmed, or refused (`unavailable`) where reads must be
 * recorded. What was refused is not recorded: nothing was read.
 */
export function recorded(options: RecordedOptions, operation: Operation): Operation {
  return async (request) => {
    const response = await operation(request);
    const reader = await options.authenticateAny(request);
    const named = request.query.get('tenant') ?? undefined;
    try {
      await options.record({
        tenant: loggedTenant(reader, named),
        reader,
        request: `${request.method} ${request.path}`,
        query: questionOf(request),
      });
    } catch (cause) {
      options.log.count('ReadsUnrecorded', 1);
      options.log.error('a read was not recorded', describeError(cause));
      if (options.mustBeRecorded)
        throw new SealtrailError('unavailable', 'the read could not be recorded', { cause });
    }
    return response;
  };
}

/** The quarantine of all tenants is nobody's log but that of the deployment. */
function loggedTenant(reader: Reader, named: string | undefined): string {
  return reader.tenant === '*' && named === undefined ? 'system' : tenantOf(reader, named);
}

function questionOf({ query }: HttpRequest): string {
  const asked = [...query].filter(([name]) => !unimportant.has(name));
  asked.sort(([a, x], [b, y]) => (a === b ? (x < y ? -1 : 1) : a < b ? -1 : 1));
  return new URLSearchParams(asked).toString();
}
