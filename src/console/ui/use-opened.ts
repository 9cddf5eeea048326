import { useEffect, useState } from 'preact/hooks';
import { asProblem, type LogState } from '../model/event-log.ts';
import type { Api } from '../page/api.ts';

interface UseOpenedOptions {
  readonly api: Api;
  readonly log: LogState;
  /** Of the event that is open; '' for none. */
  readonly id: string;
  /** Key of the row that is selected: of several events of one id, it is this one. */
  readonly selected: string;
  readonly tenant: string;
  /** Nothing can be opened, and why. */
  readonly onMissing: (why: string) => void;
}

/** The item of the event that is open: of the list, or, for a permalink, fetched by its id. */
export function useOpened(options: UseOpenedOptions): string | undefined {
  const { api, log, id, selected, tenant, onMissing } = options;
  const [fetched, setFetched] = useState<{ readonly id: string; readonly item: string }>();
  const rows = id === '' ? [] : log.rows.filter((row) => row.id === id);
  const listed = (rows.find(({ key }) => key === selected) ?? rows[0])?.item;
  const isMissing = id !== '' && listed === undefined && fetched?.id !== id;

  useEffect(() => {
    if (!isMissing) return;
    const abort = new AbortController();
    const params = new URLSearchParams(tenant === '' ? {} : { tenant });
    api(`/v1/events/${encodeURIComponent(id)}`, { params, signal: abort.signal })
      .then((answer) => answer.text())
      .then((item) => setFetched({ id, item }))
      .catch((error) => {
        if (!abort.signal.aborted)
          onMissing(`The event cannot be shown: ${asProblem(error).message}`);
      });
    return () => abort.abort();
  }, [api, id, isMissing, tenant]);

  if (id === '') return undefined;
  return listed ?? (fetched?.id === id ? fetched.item : undefined);
}
