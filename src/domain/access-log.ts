import { SealtrailError } from './error.ts';
import type { Line } from './line.ts';

/** The client under which the read API records reads. No API key or token may be of it. */
export const readClient = 'sealtrail.read';

const accessActions = new Set(['audit.log.read', 'audit.viewer.create']);

/**
 * Refuses what the read API has no business to say: under its own client it records reads and viewer tokens, nothing
 * else, so that with its rights an attacker can write no event of an application. Throws `action-forbidden`.
 */
export function checkActions(
  client: string,
  lines: Iterable<Exclude<Line, { kind: 'no-id' }>>,
): void {
  if (client !== readClient) return;
  for (const line of lines)
    if (line.kind !== 'event' || !accessActions.has(line.event.action))
      throw new SealtrailError(
        'action-forbidden',
        `${readClient} may record ${[...accessActions].join(' and ')} only`,
      );
}
