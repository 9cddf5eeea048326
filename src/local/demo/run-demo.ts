import type { Event } from '../../domain/event.ts';
import type { LocalDeployment } from '../deployment.ts';
import { quarantined, storedBytes } from './measure-store.ts';
import type { Progress } from './progress.ts';
import { compareLog } from './read-back.ts';
import { makeReport, type Report } from './report.ts';
import { sampleEvents } from './sample-events.ts';
import { type Shipped, ship } from './ship.ts';
import type { DemoTenant } from './tenants.ts';

export interface DemoPlan {
  readonly deployment: LocalDeployment;
  readonly tenants: readonly DemoTenant[];
  /** How many sample events to ship, or these events. */
  readonly events: number | readonly Event[];
  readonly progress: Progress;
}

/** Ships events through the SDK, waits until they are stored, reads all of them back, and tells what happened. */
export async function runDemo({
  deployment,
  tenants,
  events,
  progress,
}: DemoPlan): Promise<Report> {
  const { url } = deployment;
  const total = typeof events === 'number' ? events : events.length;
  let committed = 0;
  const started = performance.now();
  const shipped = await Promise.all(
    tenants.map((tenant, i) =>
      ship(
        url,
        tenant,
        typeof events === 'number' ? samples(shareOf(events, i, tenants.length)) : events,
        () => progress.bar('committed', ++committed, total),
      ),
    ),
  );
  const seconds = (performance.now() - started) / 1000;
  progress.step(
    `Committed ${committed} events in ${seconds.toFixed(1)} s; reading them back through the API`,
  );
  const compared = await compareAll(url, tenants, shipped, progress);
  return makeReport(shipped, compared, {
    seconds,
    storedBytes: await storedBytes(deployment),
    quarantined: await quarantined(deployment),
  });
}

async function compareAll(
  url: string,
  tenants: readonly DemoTenant[],
  shipped: readonly Shipped[],
  progress: Progress,
) {
  const total = shipped.reduce((sum, { lines }) => sum + lines.size, 0);
  let read = 0;
  return Promise.all(
    tenants.map((tenant, i) =>
      compareLog(url, tenant, shipped[i]?.lines ?? new Map(), () =>
        progress.bar('read back', ++read, total),
      ),
    ),
  );
}

function shareOf(events: number, index: number, of: number): number {
  return Math.floor(events / of) + (index < events % of ? 1 : 0);
}

function* samples(count: number): Generator<Event> {
  const next = sampleEvents(Date.now);
  for (let i = 0; i < count; i++) yield next();
}
