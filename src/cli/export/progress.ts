import type { Output } from '../output.ts';

const width = 24;

/** How far an export has come, by the time of its last event: nobody knows how many there are. */
export function showProgress(
  {
    from,
    to,
    at,
    events,
  }: {
    readonly from: string;
    readonly to: string;
    readonly at: number | undefined;
    readonly events: number;
  },
  out: Output,
): void {
  const [start, end] = [Date.parse(from), Date.parse(to)];
  const share = Math.min(Math.max(((at ?? start) - start) / Math.max(end - start, 1), 0), 1);
  const done = Math.round(share * width);
  const bar = `${'#'.repeat(done)}${'-'.repeat(width - done)}`;
  const upTo = at === undefined ? '' : `, up to ${new Date(at).toISOString()}`;
  // From the beginning of time there is no share of the way.
  const shown = start === 0 ? '' : `[${bar}] ${Math.floor(share * 100)}%  `;
  out.progress(`${shown}${events.toLocaleString('en-US')} events${upTo}`);
}
