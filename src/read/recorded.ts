import type { Clock } from '../client/clock.ts';
import { sha256 } from '../domain/encoding.ts';
import { SealtrailError } from '../domain/error.ts';
import type { HttpRequest, Operation } from '../lambda/http.ts';
import { describeError, type Log } from '../lambda/log.ts';
import { type Authenticate, type Reader, tenantOf } from './access.ts';
import type { Read } from './audit-event.ts';
import { filterNames } from './parse-query.ts';
import { times, withinTime } from './within-time.ts';

export interface RecordingOptions {
  /** Whether what cannot be recorded is refused. */
  readonly mustBeRecorded: boolean;
  readonly clock: Pick<Clock, 'now' | 'after'>;
  readonly log: Log;
}

export interface RecordedOptions extends RecordingOptions {
  readonly authenticateAny: Authenticate;
  readonly record: (read: Omit<Read, 'at'>) => Promise<void>;
}

/**
 * An operation whose every answer is an audit event of the tenant, on the stream before the answer is given. If that
 * fails, the answer is given all the same, counted and alarmed, or refused (`unavailable`) where reads must be
 * recorded. What was refused is not recorded: nothing was read.
 */
export function recorded(options: RecordedOptions, operation: Operation): Operation {
  return async (request) => {
    const begun = options.clock.now();
    const response = await withinTime(
      times.operation,
      'the answer',
      operation(request),
      options.clock,
    );
    const reader = await options.authenticateAny(request);
    const tenant = loggedTenant(reader, request.query.get('tenant') ?? undefined);
    const { route } = request;
    // The tenant's log says what kind of question was asked; which one, only a digest here.
    options.log.info('read', {
      tenant,
      key: reader.keyId,
      ...(reader.viewer !== undefined && { viewer: reader.viewer }),
      request: route,
      question: digestOf(request),
    });
    const filters = reader.viewer === undefined ? filtersOf(request) : [];
    await keepOnRecord(() => options.record({ tenant, reader, request: route, filters }), {
      ...options,
      begun,
    });
    return response;
  };
}

/** Waits until it is recorded, but not beyond the request's time. Throws `unavailable` if it is not and must be. */
export async function keepOnRecord(
  record: () => Promise<void>,
  { mustBeRecorded, clock, log, begun }: RecordingOptions & { readonly begun: number },
): Promise<void> {
  try {
    await withinTime(begun + times.answer - clock.now(), 'recording', record(), clock);
  } catch (cause) {
    log.count('ReadsUnrecorded', 1);
    log.error('a read was not recorded', describeError(cause));
    if (mustBeRecorded)
      throw new SealtrailError('unavailable', 'the read could not be recorded', { cause });
  }
}

/** The quarantine of all tenants is nobody's log but that of the deployment. */
function loggedTenant(reader: Reader, named: string | undefined): string {
  return reader.tenant === '*' && named === undefined ? 'system' : tenantOf(reader, named);
}

const known = new Set<string>([...filterNames, 'q']);

/** A few names only, whatever was asked: a path within metadata is a text of the reader's. */
function filtersOf({ query }: HttpRequest): string[] {
  const names = [...query.keys()].flatMap((name) =>
    known.has(name) ? [name] : name.startsWith('metadata.') ? ['metadata.*'] : [],
  );
  return [...new Set(names)].sort();
}

/** What does not change which events are asked for. */
const unimportant = new Set(['tenant', 'cursor', 'limit', 'format']);

/** By which it can be told later whether a question was asked, but not what was asked. */
function digestOf({ path, query }: HttpRequest): string {
  const asked = [...query].filter(([name]) => !unimportant.has(name));
  asked.sort(([a, x], [b, y]) => (a === b ? (x < y ? -1 : 1) : a < b ? -1 : 1));
  const question = `${path}?${new URLSearchParams(asked)}`;
  return sha256(question).toString('base64url');
}
