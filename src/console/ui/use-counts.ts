import { useEffect, useState } from 'preact/hooks';
import { countLog, type LogCounts } from '../chart/count-log.ts';
import type { Api } from '../page/api.ts';
import type { Question } from '../question/question.ts';

/**
 * Counts of the whole log of a question, or undefined while they are not there: not yet, or never, since text cannot be
 * counted, or the service has no counts.
 */
export function useCounts(api: Api, question: Question): LogCounts | undefined {
  const [counts, setCounts] = useState<LogCounts>();
  useEffect(() => {
    setCounts(undefined);
    if (question.q !== '') return;
    const abort = new AbortController();
    countLog(api, question, abort.signal).then(
      (found) => !abort.signal.aborted && setCounts(found),
      () => {}, // the chart then shows what is loaded, and says so
    );
    return () => abort.abort();
  }, [api, question]);
  return counts;
}
