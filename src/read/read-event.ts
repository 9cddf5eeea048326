import type { Event } from '../domain/event.ts';
import type { LineFault } from '../domain/line.ts';
import type { KnownGrant } from '../lambda/verified-grants.ts';
import type { EventPlace } from './position.ts';

/** An event as it is given to a reader: its exact bytes, and what the service knows beside them. */
export interface ReadEvent {
  readonly id: string;
  /** Epoch ms. */
  readonly time: number;
  readonly line: Buffer;
  /** Merkle leaf hash of the line, base64url. */
  readonly hash: string;
  /** Undefined for a faulty line. */
  readonly event: Event | undefined;
  readonly fault: LineFault | undefined;
  /** When its batch arrived, epoch ms. */
  readonly received: number;
  readonly late: boolean;
  readonly client: string;
  readonly producer: string;
  readonly seq: number;
  readonly batch: string;
  /** Where that lies, as the parameter `batch` takes it. Viewers are not told: it holds the time of others' events. */
  readonly batchName: string | undefined;
  /** Its batch arrived after its grant was revoked. */
  readonly revoked: boolean;
  readonly sealed: SealedIn;
}

/** What an event was found in: all that a proof of it is made of. */
interface SealedIn {
  /** The manifest's JWS, compact. */
  readonly manifest: string;
  /** All lines of the batch. */
  readonly lines: readonly Buffer[];
  /** Which of them the event is, from 0. */
  readonly index: number;
  readonly grant: KnownGrant;
}

/** An event as viewers are shown it. */
export function withoutName(event: ReadEvent): ReadEvent {
  return { ...event, batchName: undefined };
}

/** The one order of a log: by id, and of equal ids by the hash of the line. Ascending. */
export function comparePlaces(a: EventPlace, b: EventPlace): number {
  if (a.id !== b.id) return a.id < b.id ? -1 : 1;
  return a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0;
}

/**
 * What an event takes of an answer's budget, bytes. In Lambda's answer, a JSON text in a JSON text, a valid line takes
 * twice its length at most; a faulty one up to 5.4 times, since it is there in base64url and once more for the eye.
 */
export function answerSize({ fault, line }: ReadEvent): number {
  return fault === undefined ? line.length : 3 * line.length;
}
