import type { Row } from '../page/row.ts';
import { formatTime, type Zone } from '../text/times.ts';
import { memo } from './memo.ts';
import { Text } from './text.tsx';

interface EventRowProps {
  readonly row: Row;
  readonly index: number;
  readonly isSelected: boolean;
  readonly zone: Zone;
  readonly onSelect: (key: string) => void;
  readonly onOpen: (key: string) => void;
}

export const rowId = (index: number) => `row-${index}`;

export const EventRow = memo(function EventRow(props: EventRowProps) {
  const { row, index, isSelected, zone, onSelect, onOpen } = props;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid takes the keys, and names this row as its active one
    <div
      id={rowId(index)}
      class={`row ${isSelected ? 'selected' : ''}`}
      role="row"
      tabIndex={-1}
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      onClick={() => {
        onSelect(row.key);
        onOpen(row.key);
      }}
    >
      <span role="gridcell" class="time">
        {formatTime(row.time, zone)}
      </span>
      {row.fault === undefined ? <Cells row={row} /> : <FaultyCells fault={row.fault} row={row} />}
    </div>
  );
});

function Cells({ row }: { readonly row: Row }) {
  return (
    <>
      <span role="gridcell" class={`outcome ${row.outcome}`}>
        {row.outcome}
      </span>
      <span role="gridcell" class="action">
        <Text>{row.action}</Text>
      </span>
      <span role="gridcell">
        <Text>{row.actor}</Text>
      </span>
      <span role="gridcell" class="last">
        <span class="cut">
          <Text>{row.target}</Text>
        </span>
        {row.moreTargets > 0 && <span class="muted"> +{row.moreTargets}</span>}
        {row.revoked && <span class="flag bad">revoked</span>}
        {row.late && (
          <span class="flag" title="It arrived over 5 minutes after its time">
            late
          </span>
        )}
      </span>
    </>
  );
}

function FaultyCells({ fault, row }: { readonly fault: string; readonly row: Row }) {
  return (
    <>
      <span role="gridcell" class="outcome faulty">
        faulty
      </span>
      <span role="gridcell" class="action">
        not a valid event
      </span>
      <span role="gridcell" class="flag bad">
        <Text>{fault}</Text>
      </span>
      <span role="gridcell" class="muted">
        {row.id}
      </span>
    </>
  );
}
