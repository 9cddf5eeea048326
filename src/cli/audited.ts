import { randomUUID } from 'node:crypto';
import type { Event } from '../domain/event.ts';
import { describeError } from './describe-error.ts';
import { Failure } from './failure.ts';
import type { Session } from './session.ts';
import { openSystemLog, type SystemLog } from './system-log.ts';

/** A change that is to be made, as the log shall tell it. */
export interface Change {
  /** Such as `tenant.create`. */
  readonly action: string;
  readonly targets: Event['targets'];
  readonly changes?: Event['changes'];
  /** The operator's own words. */
  readonly reason?: string;
  readonly metadata?: Record<string, unknown>;
}

/** What was done, and what more there is to say of it. */
export interface Done<T> {
  readonly value: T;
  readonly metadata?: Record<string, unknown>;
}

/** Longest `reason` of an event. */
const maxReason = 2048;

/**
 * Makes a change between two events of the tenant `system`: `<action>.requested` is accepted before anything is
 * touched, and `<action>` with its outcome before success is told. So there is no change that is not in the log:
 * should the tool die in between, or the second event fail, the first one stands there alone.
 *
 * Throws a Failure that says whether the change was made.
 */
export async function audited<T>(
  session: Session,
  change: Change,
  make: () => Promise<Done<T>>,
  { last = true, log }: { readonly last?: boolean; readonly log?: SystemLog } = {},
): Promise<T> {
  const { action, metadata, ...rest } = change;
  const about = { ...rest, correlationId: randomUUID() };
  let opened: SystemLog;
  let requested: string;
  try {
    opened = log ?? (await openSystemLog(session));
    requested = await opened.record(
      {
        ...about,
        action: `${action}.requested`,
        outcome: 'success',
        ...(metadata && { metadata }),
      },
      false,
    );
  } catch (cause) {
    throw new Failure('nothing was changed, because the intention could not be recorded', {
      cause,
    });
  }

  let done: Done<T>;
  try {
    done = await make();
  } catch (error) {
    const reason = describeError(error).slice(0, maxReason);
    await opened
      .record({ ...about, action, outcome: 'failure', reason }, true)
      .catch((cause: unknown) => {
        throw new Failure(`${describeError(error)}; nor could that be recorded`, { cause });
      });
    throw error;
  }

  try {
    const all = { ...metadata, ...done.metadata };
    const told = Object.keys(all).length > 0 ? { metadata: all } : {};
    await opened.record({ ...about, action, outcome: 'success', ...told }, last);
  } catch (cause) {
    throw new Failure(
      `the change was made, but its outcome could not be recorded (event ${requested} says that it was requested)`,
      { cause },
    );
  }
  return done.value;
}
