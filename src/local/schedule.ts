/** What is done again and again, each by its name, as rules of EventBridge do it. */
export interface Schedules {
  /** In place of what bears the name. Once started, it counts from now: the first time is one period away. */
  put(name: string, everySeconds: number, run: () => void): void;
  remove(name: string): void;
  start(): void;
  /** For good. */
  close(): void;
}

/** Their timers alone keep no process running. */
export function createSchedules(): Schedules {
  const rules = new Map<string, { everySeconds: number; run: () => void }>();
  const timers = new Map<string, NodeJS.Timeout>();
  let started = false;

  function stop(name: string): void {
    clearInterval(timers.get(name));
    timers.delete(name);
  }

  function begin(name: string): void {
    const rule = rules.get(name);
    if (!started || rule === undefined || timers.has(name)) return;
    timers.set(name, setInterval(rule.run, rule.everySeconds * 1000).unref());
  }

  return {
    put(name, everySeconds, run) {
      stop(name);
      rules.set(name, { everySeconds, run });
      begin(name);
    },
    remove(name) {
      stop(name);
      rules.delete(name);
    },
    start() {
      started = true;
      for (const name of rules.keys()) begin(name);
    },
    close() {
      for (const name of [...rules.keys()]) this.remove(name);
    },
  };
}
