import { useEffect, useMemo, useState } from 'preact/hooks';
import { EventLog } from '../model/event-log.ts';
import type { Api } from '../page/api.ts';
import type { Question } from '../question/question.ts';

/** The events of a question; a new question starts anew. Renders at most once a frame. */
export function useLog(api: Api, question: Question): EventLog {
  const [, setVersion] = useState(0);
  const log = useMemo(() => {
    let isDue = false;
    return new EventLog(() => {
      if (isDue) return;
      isDue = true;
      requestAnimationFrame(() => {
        isDue = false;
        setVersion((version) => version + 1);
      });
    });
  }, []);
  useEffect(() => {
    void log.ask(api, question);
    return () => log.stop();
  }, [log, api, question]);
  return log;
}
