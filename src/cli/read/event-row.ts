import type { Event } from '../../domain/event.ts';

/** An event as a line of a table. */
export function eventRow({ time, actor, action, targets, outcome, context }: Event) {
  const behalf = actor.onBehalfOf === undefined ? '' : ` for ${actor.onBehalfOf.id}`;
  return {
    time,
    actor: `${actor.id}${behalf}`,
    action,
    targets: targets.map(({ type, id }) => `${type}:${id}`),
    outcome,
    ip: context?.ip,
  };
}
