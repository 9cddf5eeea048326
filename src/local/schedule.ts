/** Something that is done again and again, as a rule of EventBridge does it. */
export interface Schedule {
  /** Counts from now: the first time is one period away. */
  start(): void;
  close(): void;
}

/** The timer alone keeps no process running. */
export function createSchedule(everySeconds: number, run: () => void): Schedule {
  let timer: NodeJS.Timeout | undefined;
  return {
    start() {
      timer ??= setInterval(run, everySeconds * 1000).unref();
    },
    close() {
      clearInterval(timer);
    },
  };
}
