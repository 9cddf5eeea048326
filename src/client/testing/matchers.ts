import type { Event } from '../../domain/event.ts';

/** What an event must have: the members that are given, to any depth; asymmetric matchers are allowed. */
export type ExpectedEvent = { readonly [M in keyof Event]?: unknown };

/**
 * For the types of `expect`, where it is vitest's or Jest's:
 *
 * @example
 * declare module 'vitest' {
 *   interface Matchers<R, T> extends AuditMatchers<R> {}
 * }
 */
export interface AuditMatchers<R = unknown> {
  /** At least one event has all of this; with `times`, exactly so many. */
  toHaveRecorded(expected: ExpectedEvent, times?: number): R;
  /** These events, in this order, and no others. */
  toHaveRecordedExactly(expected: readonly ExpectedEvent[]): R;
}

/** What is used of the matcher's `this`; vitest and Jest have the same. */
interface MatcherContext {
  readonly isNot?: boolean | undefined;
  equals(a: unknown, b: unknown, testers?: unknown[]): boolean;
  readonly utils: {
    readonly subsetEquality: unknown;
    readonly iterableEquality: unknown;
    stringify(value: unknown): string;
  };
}

interface Result {
  readonly pass: boolean;
  readonly message: () => string;
}

/** For `expect.extend(auditMatchers)`, with vitest and with Jest. They look at a `MemoryAudit`. */
export const auditMatchers = {
  toHaveRecorded(
    this: MatcherContext,
    audit: unknown,
    expected: ExpectedEvent,
    times?: number,
  ): Result {
    const events = eventsOf(audit);
    const found = events.filter((event) => has(this, event, expected)).length;
    return {
      pass: times === undefined ? found > 0 : found === times,
      message: () => {
        const wanted = times === undefined ? '' : ` ${times} times, not ${found} times,`;
        return `expected it ${this.isNot ? 'not ' : ''}to have recorded${wanted} ${this.utils.stringify(expected)}\n${listed(this, events)}`;
      },
    };
  },

  toHaveRecordedExactly(
    this: MatcherContext,
    audit: unknown,
    expected: readonly ExpectedEvent[],
  ): Result {
    const events = eventsOf(audit);
    const pass =
      events.length === expected.length && expected.every((one, i) => has(this, events[i], one));
    return {
      pass,
      message: () =>
        `expected it ${this.isNot ? 'not ' : ''}to have recorded exactly ${this.utils.stringify(expected)}\n${listed(this, events)}`,
    };
  },
};

function has({ equals, utils }: MatcherContext, event: unknown, expected: ExpectedEvent): boolean {
  return equals(event, expected, [utils.iterableEquality, utils.subsetEquality]);
}

function listed({ utils }: MatcherContext, events: readonly Event[]): string {
  if (events.length === 0) return 'nothing was recorded';
  return ['recorded:', ...events.map((event) => `  ${utils.stringify(event)}`)].join('\n');
}

function eventsOf(audit: unknown): readonly Event[] {
  const { events } = (audit ?? {}) as { events?: unknown };
  if (Array.isArray(events)) return events;
  throw new TypeError('give expect() the MemoryAudit that events are recorded with');
}
