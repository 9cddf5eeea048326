import { lineOf } from './split-page.ts';

/** An event as the list shows it. The rest is read from `item` when it is opened. */
export interface Row {
  /** Of this event alone: equal ids with unequal bytes are two events. */
  readonly key: string;
  readonly id: string;
  /** Epoch ms. */
  readonly time: number;
  readonly action: string;
  readonly actor: string;
  readonly target: string;
  /** How many targets it has beside that one. */
  readonly moreTargets: number;
  readonly outcome: string;
  readonly late: boolean;
  readonly revoked: boolean;
  /** Of a line that is no valid event: why. */
  readonly fault: string | undefined;
  /** As the API gave it. */
  readonly item: string;
}

/** What stands beside an event, as the service says. */
interface About {
  readonly received: string;
  readonly late: boolean;
  readonly client: string;
  readonly producer: string;
  readonly seq: number;
  readonly batch: string;
  /** What the parameter `batch` takes; viewers are not told. */
  readonly batchName?: string;
  readonly revoked?: boolean;
}

interface Party {
  readonly type: string;
  readonly id: string;
  readonly name?: string;
}

/** The members that the list shows. The API has checked them: a line that differs is given as faulty. */
export interface SeenEvent {
  readonly id: string;
  readonly time: string;
  readonly action: string;
  readonly actor: Party & { readonly sessionId?: string; readonly onBehalfOf?: Party };
  readonly targets: readonly Party[];
  readonly outcome: string;
  readonly reason?: string;
  readonly context?: {
    readonly ip?: string;
    readonly userAgent?: string;
    readonly requestId?: string;
    readonly location?: string;
  };
  readonly correlationId?: string;
}

interface Faulty {
  readonly id: string;
  readonly time: string;
  readonly faults: readonly string[];
  readonly line: string;
  readonly text: string;
}

export type Item = About & ({ readonly event: SeenEvent } | Faulty);

export function parseItem(item: string): Item {
  return JSON.parse(item) as Item;
}

export function readRow(item: string): Row {
  const said = parseItem(item);
  const base = { late: said.late, revoked: said.revoked === true, item };
  if (!('event' in said)) {
    const [fault] = said.faults;
    const none = { action: '', actor: '', target: '', moreTargets: 0, outcome: '' };
    const key = `${said.id} ${said.batch} ${said.line.slice(-24)}`;
    return { ...base, ...none, key, id: said.id, time: Date.parse(said.time), fault };
  }
  const { event } = said;
  const [target] = event.targets;
  return {
    ...base,
    key: `${event.id} ${hashOf(lineOf(item) ?? '')}`,
    id: event.id,
    time: Date.parse(event.time),
    action: event.action,
    actor: event.actor.name ?? event.actor.id,
    target: target === undefined ? '' : (target.name ?? `${target.type}:${target.id}`),
    moreTargets: Math.max(0, event.targets.length - 1),
    outcome: event.outcome,
    fault: undefined,
  };
}

/** Tells apart what bears one id; FNV-1a, since nobody gains by a collision: both are in the log. */
function hashOf(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++)
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return hash.toString(36);
}
