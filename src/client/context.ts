import { AsyncLocalStorage } from 'node:async_hooks';
import { SealtrailError } from '../domain/error.ts';
import type { EventInput } from './prepare-event.ts';

export type Actor = EventInput['actor'];

/** An event whose actor may be the context's. */
export type ContextEvent = Omit<EventInput, 'actor'> & { readonly actor?: Actor | undefined };

/** Who acts and from where, for everything that is recorded inside of `withContext`. */
export interface AuditContext {
  /** A function is asked at each `record`: the user may be known only after this context began. */
  readonly actor?: Actor | (() => Actor | undefined) | undefined;
  readonly context?: EventInput['context'];
  readonly correlationId?: string | undefined;
  readonly traceparent?: string | undefined;
}

const key = Symbol.for('sealtrail.context/1');

/** One to a thread: the ES modules and the CommonJS build of this package must see the same context. */
function storage(): AsyncLocalStorage<AuditContext> {
  const shared = globalThis as { [key]?: AsyncLocalStorage<AuditContext> };
  shared[key] ??= new AsyncLocalStorage();
  return shared[key];
}

/**
 * Runs `run` so that whatever it records through `inContext`, now or after an `await`, gets what is in
 * `context`. Contexts nest: the inner one's members win, those of `context` (ip, userAgent …) one by one.
 * Answers what `run` answers.
 *
 * @example
 * await withContext({ actor: { type: 'job', id: 'nightly-invoices' } }, async () => {
 *   await audit.record('invoice.created', { targets: [{ type: 'invoice', id: 'in_42' }] });
 * });
 */
export function withContext<T>(context: AuditContext, run: () => T): T {
  const outer = currentContext();
  return storage().run(outer === undefined ? context : merge(outer, context), run);
}

/** The context that `record` would take here; none outside of any. */
export function currentContext(): AuditContext | undefined {
  return storage().getStore();
}

/** The event, with what it does not say itself taken from the context. Throws `event-invalid`. */
export function fillFromContext(event: ContextEvent): ContextEvent {
  const outer = currentContext();
  if (outer === undefined) return event;
  const { actor: _, ...place } = outer;
  const actor = event.actor ?? actorOf(outer);
  return { ...merge(place, event), ...(actor === undefined ? {} : { actor }) };
}

/** `inner` over `outer`. What is undefined says nothing, so it hides nothing. */
function merge<O extends AuditContext, I extends Pick<AuditContext, 'context'>>(
  outer: O,
  inner: I,
): O & I {
  const said = Object.entries(inner).filter(([, value]) => value !== undefined);
  const merged = { ...outer, ...(Object.fromEntries(said) as I) };
  if (outer.context === undefined || inner.context === undefined) return merged;
  return { ...merged, context: { ...outer.context, ...inner.context } };
}

function actorOf({ actor }: AuditContext): Actor | undefined {
  if (typeof actor !== 'function') return actor;
  try {
    return actor();
  } catch (cause) {
    throw new SealtrailError(
      'event-invalid',
      `actor: the function that the context was given threw: ${cause}`,
      { cause },
    );
  }
}
