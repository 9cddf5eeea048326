import { SealtrailError } from '../domain/error.ts';
import { type ContextEvent, fillFromContext } from './context.ts';
import type { EventCatalogue } from './define-events.ts';
import type { Acknowledgement, RecordOptions, Until } from './entry.ts';
import type { Definitions, RecordArguments, TypedEvent } from './event-types.ts';
import type { EventInput } from './prepare-event.ts';
import type { Recorder } from './recorder.ts';

/** What an event says besides its action. */
export type EventParts = Omit<ContextEvent, 'action'>;

/** A recorder that takes who and where from the context. Actions are free. */
export interface Audit extends Omit<Recorder, 'record'> {
  /**
   * Records what happened, with who and where from `withContext` or a middleware. Settles as
   * `AuditClient.record` does; rejects with `event-invalid` too if there is no actor.
   */
  record<U extends Until = 'accepted'>(
    action: string,
    parts?: EventParts,
    options?: RecordOptions<U>,
  ): Promise<Acknowledgement<U>>;
  record<U extends Until = 'accepted'>(
    event: ContextEvent,
    options?: RecordOptions<U>,
  ): Promise<Acknowledgement<U>>;
}

/** The same, for the actions of a catalogue and nothing else. */
export interface TypedAudit<C extends Definitions> extends Omit<Recorder, 'record'> {
  /** As `Audit.record`; rejects with `event-invalid` what the catalogue does not describe. */
  record<A extends keyof C & string, U extends Until = 'accepted'>(
    action: A,
    ...rest: RecordArguments<C, A, U>
  ): Promise<Acknowledgement<U>>;
  record<A extends keyof C & string, U extends Until = 'accepted'>(
    event: TypedEvent<C, A>,
    options?: RecordOptions<U>,
  ): Promise<Acknowledgement<U>>;
}

type AnyAudit = Omit<Recorder, 'record'> & { record(...given: never[]): Promise<Acknowledgement> };

/**
 * The recorder, to be used anywhere in the app: `record` takes the actor, ip, user agent, request id and
 * traceparent from the context, and with a catalogue it checks every event against it.
 *
 * @example
 * export const audit = inContext(createAuditClient({ url, apiKey }), events);
 * await audit.record('invoice.refunded', { targets: [{ type: 'invoice', id: 'in_42' }] });
 */
export function inContext(recorder: Recorder): Audit;
export function inContext<C extends Definitions>(
  recorder: Recorder,
  events: EventCatalogue<C>,
): TypedAudit<C>;
export function inContext(recorder: Recorder, events?: EventCatalogue<Definitions>): AnyAudit {
  function record(event: ContextEvent, options?: RecordOptions): Promise<Acknowledgement> {
    try {
      const filled = fillFromContext(event);
      return recorder.record(withActor(events?.complete(filled) ?? filled), options);
    } catch (error) {
      return refused(error);
    }
  }
  return {
    record: (first: string | ContextEvent, second?: object, third?: RecordOptions) =>
      typeof first === 'string'
        ? record({ ...second, action: first }, third)
        : record(first, second as RecordOptions | undefined),
    flush: () => recorder.flush(),
    close: () => recorder.close(),
    stats: () => recorder.stats(),
    on: (name, listener) => recorder.on(name, listener),
    [Symbol.asyncDispose]: () => recorder.close(),
  };
}

function withActor(event: ContextEvent): EventInput {
  if (event.actor !== undefined) return event as EventInput;
  throw new SealtrailError(
    'event-invalid',
    'actor: there is none, neither in the event nor in the context; give one, or record inside of withContext or of a middleware whose actor function knows it',
  );
}

/** A rejection that nobody awaits must not end the process. */
function refused(error: unknown): Promise<never> {
  const promise = Promise.reject(error);
  promise.catch(() => {});
  return promise;
}
