import { useEffect, useMemo, useState } from 'preact/hooks';
import type { EventLog } from '../model/event-log.ts';
import { Tail } from '../model/tail.ts';
import { after } from './browser.ts';

/** A tail over a log: on and off, and resting while nobody looks at the tab. */
export function useTail(log: EventLog, mayFollow: boolean, onNews: (count: number) => void) {
  const [isOn, setOn] = useState(false);
  const tail = useMemo(
    () =>
      new Tail({
        poll: async () => {
          if (document.visibilityState === 'hidden') return 0;
          const count = await log.poll();
          if (count > 0) onNews(count);
          return count;
        },
        onError: () => {},
        after,
      }),
    [log],
  );
  useEffect(() => {
    if (isOn && mayFollow) tail.start();
    else tail.stop();
    return () => tail.stop();
  }, [tail, isOn, mayFollow]);
  return { isOn: isOn && mayFollow, toggle: () => setOn(!isOn) };
}
