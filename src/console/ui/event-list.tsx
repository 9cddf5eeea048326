import type { RefObject } from 'preact';
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { rowWindow, scrollToShow, type Viewport } from '../list/virtual-window.ts';
import type { LogState } from '../model/event-log.ts';
import type { Zone } from '../text/times.ts';
import { EventRow, rowId } from './event-row.tsx';

interface EventListProps {
  readonly log: LogState;
  /** Key of the row that the keyboard is at; '' for none. */
  readonly selected: string;
  readonly zone: Zone;
  readonly grid: RefObject<HTMLDivElement | null>;
  readonly onSelect: (key: string) => void;
  readonly onOpen: (key: string) => void;
  /** The end is near: there may be more to load. */
  readonly onEnd: () => void;
}

/** Pixels, as in style/list.css; of the head too, which stays on top. */
const rowHeight = 28;
const columns = ['Time', 'Outcome', 'Action', 'Actor', 'Target'] as const;
/** Rows before the end at which more is asked for. */
const ahead = 150;

/** However many events: only the rows that are seen are in the document. */
export function EventList(props: EventListProps) {
  const { log, selected, zone, grid, onSelect, onOpen, onEnd } = props;
  const { rows } = log;
  const [scrollTop, setScrollTop] = useState(0);
  const [height, setHeight] = useState(600);
  const viewport: Viewport = { scrollTop, height, rowHeight, count: rows.length };
  const { first, end } = rowWindow(viewport);
  const at = useMemo(
    () => (selected === '' ? -1 : rows.findIndex(({ key }) => key === selected)),
    [rows, selected],
  );

  useLayoutEffect(() => {
    const element = grid.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setHeight(element.clientHeight - rowHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, [grid]);

  useKeepPlace(log, grid);

  useLayoutEffect(() => {
    const element = grid.current;
    if (element === null || at < 0) return;
    const now = {
      ...viewport,
      scrollTop: element.scrollTop,
      height: element.clientHeight - rowHeight,
    };
    const wanted = scrollToShow(at, now);
    if (wanted !== element.scrollTop) element.scrollTop = wanted;
    // Only when somebody moves, not when the list grows.
  }, [selected]);

  useLayoutEffect(() => {
    if (end + ahead >= rows.length) onEnd();
  }, [end, rows.length]);

  return (
    <div
      ref={grid}
      class="list"
      role="grid"
      aria-label="Events"
      aria-rowcount={log.isComplete ? rows.length + 1 : -1}
      aria-colcount={columns.length}
      aria-activedescendant={at >= first && at < end ? rowId(at) : undefined}
      aria-busy={log.isLoading}
      tabIndex={0}
      onScroll={({ currentTarget }) => setScrollTop(currentTarget.scrollTop)}
    >
      <div class="row head" role="row" aria-rowindex={1}>
        {columns.map((name) => (
          <span key={name} role="columnheader">
            {name}
          </span>
        ))}
      </div>
      <div class="space" role="presentation" style={{ height: `${rows.length * rowHeight}px` }}>
        <div
          class="rows"
          role="rowgroup"
          style={{ transform: `translateY(${first * rowHeight}px)` }}
        >
          {rows.slice(first, end).map((row, i) => (
            <EventRow
              // Elements are used again, for other rows: to make new ones costs more.
              key={(first + i) % (end - first)}
              row={row}
              index={first + i}
              isSelected={row.key === selected}
              zone={zone}
              onSelect={onSelect}
              onOpen={onOpen}
            />
          ))}
        </div>
      </div>
    </div>
  );
}

/** Newer events come in above: who has scrolled down keeps seeing what is before them. */
function useKeepPlace({ rows }: LogState, grid: RefObject<HTMLDivElement | null>): void {
  const before = useRef('');
  const top = rows[0]?.key ?? '';
  useLayoutEffect(() => {
    const element = grid.current;
    const moved = before.current === '' ? 0 : rows.findIndex(({ key }) => key === before.current);
    if (element !== null && element.scrollTop > 0 && moved > 0)
      element.scrollTop += moved * rowHeight;
    before.current = top;
  }, [top]);
}
