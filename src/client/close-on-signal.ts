import type { Recorder } from './recorder.ts';

export interface CloseOnSignalOptions {
  /** Default: SIGTERM (containers, Lambda, systemd) and SIGINT (Ctrl-C). */
  readonly signals?: readonly NodeJS.Signals[];
  /** What records until its end, to be ended first: `() => server.close()` in its promise form. */
  readonly first?: () => unknown;
}

/**
 * On the first of the signals: ends `first`, closes the audit (all events are sent, the chain is ended),
 * and lets the signal end the process as it would have; another handler of the app's own is not
 * overridden. A second signal ends the process at once. What goes wrong is written to stderr. Answers a
 * function that takes the handlers away again.
 *
 * @example
 * closeOnSignal(audit, { first: () => new Promise((resolve) => server.close(resolve)) });
 */
export function closeOnSignal(
  audit: Pick<Recorder, 'close'>,
  { signals = ['SIGTERM', 'SIGINT'], first = () => {} }: CloseOnSignalOptions = {},
): () => void {
  const remove = () => {
    for (const signal of signals) process.off(signal, onSignal);
  };
  const onSignal = (signal: NodeJS.Signals) => {
    remove(); // so a second one has its default effect
    const isOurs = process.listenerCount(signal) === 0;
    void closeAll(audit, first).finally(() => {
      if (isOurs) process.kill(process.pid, signal);
    });
  };
  for (const signal of signals) process.on(signal, onSignal);
  return remove;
}

/** What fails in the app must not keep its events from being sent. */
async function closeAll(audit: Pick<Recorder, 'close'>, first: () => unknown): Promise<void> {
  for (const end of [first, () => audit.close()]) {
    try {
      await end();
    } catch (error) {
      console.error('sealtrail: while closing on a signal:', error);
    }
  }
}
