import { toTime } from '../../domain/encoding.ts';
import type { EventVerdict } from '../../domain/verdict.ts';
import type { Row } from '../output.ts';

export const verdictColumns = ['verdict', 'id', 'tenant', 'client', 'batch', 'why'] as const;

/** What `via` says of a grant whose holder is none of the tenant's applications. */
export const sealedByService = 'sealed by the service itself, not by an application';

/** An event's verdict as a line of output; `at`: where in the file it stands, for what has no id. */
export function verdictRow(event: EventVerdict, at: string): Row {
  const { kind, id, time, fault, place, ...rest } = event;
  return {
    verdict: kind,
    id: id ?? at,
    ...(time === undefined ? {} : { time: toTime(time) }),
    ...place,
    ...(fault === undefined ? {} : { fault }),
    ...rest,
  };
}
