import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { maxRows } from '../model/event-log.ts';
import type { Api } from '../page/api.ts';
import type { View } from '../question/params.ts';
import { type Chip, type Question, withChip } from '../question/question.ts';
import { toTimeText, type Zone } from '../text/times.ts';
import { Detail } from './detail.tsx';
import { EventList } from './event-list.tsx';
import { ExportMenu } from './export-menu.tsx';
import { Histogram } from './histogram.tsx';
import { SearchBar } from './search-bar.tsx';
import { useCounts } from './use-counts.ts';
import { useKeys } from './use-keys.ts';
import { useLog } from './use-log.ts';
import { useOpened } from './use-opened.ts';
import { useTail } from './use-tail.ts';

interface EventsPageProps {
  readonly api: Api;
  readonly view: View;
  readonly zone: Zone;
  readonly onView: (part: Partial<View>) => void;
  readonly onHelp: () => void;
}

export function EventsPage({ api, view, zone, onView, onHelp }: EventsPageProps) {
  const { question } = view;
  const log = useLog(api, question);
  const { state } = log;
  const counts = useCounts(api, question);
  const [selected, setSelected] = useState('');
  const [said, setSaid] = useState('');
  const input = useRef<HTMLInputElement>(null);
  const grid = useRef<HTMLDivElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const opened = useOpened({
    api,
    log: state,
    id: view.event,
    selected,
    tenant: question.tenant,
    onMissing: setSaid,
  });
  const mayFollow = question.order === 'desc' && question.to === '';
  const tail = useTail(log, mayFollow, (count) => setSaid(`${count} new events`));

  const ask = useCallback((next: Question) => onView({ question: next, event: '' }), [onView]);
  const open = useCallback(
    (key: string) => onView({ event: key.slice(0, 36) }), // a key starts with the event's id
    [onView],
  );
  const close = useCallback(() => {
    onView({ event: '' });
    grid.current?.focus();
  }, [onView]);
  const move = (by: number) => {
    const at = state.rows.findIndex(({ key }) => key === selected);
    const row = state.rows[Math.max(0, Math.min(state.rows.length - 1, at + by))];
    if (row === undefined) return;
    setSelected(row.key);
    if (view.event !== '') open(row.key);
    grid.current?.focus({ preventScroll: true });
  };
  useKeys({
    search: () => input.current?.select(), // focuses, too
    move,
    open: () => {
      if (selected === '') return;
      open(selected);
      requestAnimationFrame(() => heading.current?.focus());
    },
    close,
    tail: tail.toggle,
    help: onHelp,
  });
  useEffect(() => setSelected(''), [question]);
  const more = useCallback(() => void log.more(), [log]);

  return (
    <main class="events">
      <SearchBar question={question} onAsk={ask} input={input} />
      <Histogram
        counts={counts}
        log={state}
        question={question}
        zone={zone}
        onRange={(from, to) => ask({ ...question, from: toTimeText(from), to: toTimeText(to) })}
      />
      <div class={`split ${opened === undefined ? '' : 'is-open'}`}>
        <div class="listing">
          <EventList
            log={state}
            selected={selected}
            zone={zone}
            grid={grid}
            onSelect={setSelected}
            onOpen={open}
            onEnd={more}
          />
          {state.rows.length === 0 && !state.isLoading && state.problem === undefined && (
            <p class="empty">No events match.</p>
          )}
        </div>
        {opened !== undefined && (
          <Detail
            item={opened}
            api={api}
            tenant={question.tenant}
            zone={zone}
            heading={heading}
            onFilter={(chip: Chip) => ask(withChip(question, chip))}
            onClose={close}
          />
        )}
      </div>
      <footer class="foot">
        <span role="status">
          {state.rows.length.toLocaleString('en')} events loaded
          {state.isComplete ? ', all of them' : ''}
          {state.isLoading ? ', loading…' : ''}
          {state.isPartial ? ' · some pages are not in exact order' : ''}
          {state.isFaultyLeftOut
            ? ' · faulty lines are there too: clear the filter to see them'
            : ''}
          {state.holes > 0
            ? ` · incomplete: ${state.holes} batch(es) are not what was sealed, tell the operator`
            : ''}
          {said === '' ? '' : ` · ${said}`}
        </span>
        {state.problem !== undefined && (
          <span class="problem" role="alert">
            {state.problem.message}{' '}
            <button type="button" onClick={more}>
              Try again
            </button>
          </span>
        )}
        <span class="gap" />
        {!state.isComplete && state.rows.length < maxRows && (
          <button type="button" onClick={() => void log.all()}>
            Load up to {maxRows.toLocaleString('en')}
          </button>
        )}
        <ExportMenu api={api} question={question} onSay={setSaid} />
        <button
          type="button"
          aria-pressed={tail.isOn}
          disabled={!mayFollow}
          title={
            mayFollow
              ? 'Look for new events every few seconds (t)'
              : 'New events are followed with the newest first and no end'
          }
          onClick={tail.toggle}
        >
          {tail.isOn ? 'Pause' : 'Follow'}
        </button>
      </footer>
    </main>
  );
}
