import type { ErrorCode } from '../domain/error.ts';
import type { Stats } from './stats.ts';

/** What a client tells of itself, by name. Times are RFC 3339, of the server's clock. */
export interface AuditEvents {
  /** The stream has taken a batch. */
  readonly accepted: {
    readonly batch: string;
    readonly producer: string;
    readonly seq: number;
    /** How many events are in it. */
    readonly events: number;
    readonly acceptedAt: string;
    readonly sequenceNumber: string;
  };
  /** A request, or some of its records, failed and will be sent again. */
  readonly retry: {
    readonly at: string;
    /** How many batches it was. */
    readonly batches: number;
    /** Ours, or the name of AWS's error. */
    readonly code: string;
    readonly message: string;
  };
  /** Nothing has come on for a while, although something waits. Told again as long as it lasts. */
  readonly stalled: {
    readonly at: string;
    /**
     * `accepted`: for 30 s no batch was accepted. `committed`: a batch that is accepted was not seen to be
     * stored within `committedTimeoutMs`.
     */
    readonly waitsFor: 'accepted' | 'committed';
    readonly forMs: number;
    /** How many events wait for it. */
    readonly events: number;
    readonly lastError: Stats['lastError'];
  };
  /**
   * The grant that was sent under was stopped (it was far over its quota) or revoked by an operator. A new one is
   * asked for, and what is not yet accepted is signed again under it. What the stream took since `since` is set aside
   * by the service: an operator can bring back what was stopped, and a spool that keeps until `committed` sends it again.
   */
  readonly 'grant-ended': {
    readonly at: string;
    /** Its id, by which the operator finds it. */
    readonly grant: string;
    readonly state: 'stopped' | 'revoked';
    readonly since: string | undefined;
  };
  /** The service puts these events aside instead of storing them: `GET /v1/quarantine` has them. */
  readonly quarantined: {
    readonly at: string;
    readonly batch: string;
    readonly events: number;
    readonly code: ErrorCode;
    readonly message: string;
  };
}

export type AuditListener<N extends keyof AuditEvents> = (event: AuditEvents[N]) => unknown;

/** Whoever listens. What a listener throws, or rejects with, harms nobody. */
export class Listeners {
  readonly #byName = new Map<string, Set<(event: never) => unknown>>();

  /** Answers a function that ends it. */
  on<N extends keyof AuditEvents>(name: N, listener: AuditListener<N>): () => void {
    const known = this.#byName.get(name) ?? new Set();
    this.#byName.set(name, known);
    const own: AuditListener<N> = (event) => listener(event); // the same one may be given twice
    known.add(own);
    return () => void known.delete(own);
  }

  emit<N extends keyof AuditEvents>(name: N, event: AuditEvents[N]): void {
    for (const listener of [...(this.#byName.get(name) ?? [])]) {
      try {
        const result = (listener as AuditListener<N>)(event);
        if (result instanceof Promise) result.catch(() => {});
      } catch {
        // It is the listener's.
      }
    }
  }
}
