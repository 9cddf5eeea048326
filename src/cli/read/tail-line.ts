import type { OpenedLine } from '../../domain/open.ts';
import type { Desk } from '../command.ts';
import { escapeJson, escapeText } from '../escape-text.ts';
import { eventRow } from './event-row.ts';

const colours = { success: 32, failure: 31, denied: 33 } as const;
const dim = 2;
const red = 31;

/** An event in a line for the eye. Colours on a terminal only, and not where NO_COLOR (https://no-color.org) is set. */
export function tailLine({
  stdout,
  env,
}: Pick<Desk, 'stdout' | 'env'>): (line: OpenedLine) => string {
  const isPlain = stdout.isTTY !== true || (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb';
  const paint = (text: string, code: number) => (isPlain ? text : `\x1b[${code}m${text}\x1b[0m`);
  return (line) => {
    if (line.kind === 'faulty')
      return paint(
        `${line.id}  not a valid event (${line.fault}): ${escapeText(line.bytes.toString())}`,
        red,
      );
    const { time, actor, action, targets, outcome, ip = '' } = eventRow(line.event);
    return [
      paint(time, dim),
      paint(outcome.padEnd(7), colours[outcome]),
      escapeText(action),
      escapeText(actor),
      escapeText(targets.join(',')),
      paint(ip, dim),
    ]
      .filter((part) => part !== '')
      .join('  ');
  };
}

/** Exactly as it is, into a pipe; of a line that is no valid event the object that the API gives of it. */
export function exactLine({ stdout }: Pick<Desk, 'stdout'>): (line: OpenedLine) => string {
  const safe = stdout.isTTY === true ? escapeJson : (text: string) => text;
  return (line) => {
    if (line.kind !== 'faulty') return safe(line.bytes.toString());
    const { id, fault, bytes } = line;
    return JSON.stringify({
      sealtrail: { id, faults: [fault], line: bytes.toString('base64url') },
    });
  };
}
