import type { SeenEvent } from '../page/row.ts';
import type { Chip } from '../question/question.ts';
import { type JsonTree, plain } from '../text/json-tree.ts';
import { prettyText } from '../text/pretty-json.ts';
import { Text } from './text.tsx';

interface FieldsProps {
  readonly event: SeenEvent;
  readonly onFilter: (chip: Chip) => void;
}

interface Field {
  readonly label: string;
  readonly value: string;
  readonly note?: string | undefined;
  /** The filter that finds events of the same value. */
  readonly chip?: Chip;
}

function fieldsOf(event: SeenEvent): Field[] {
  const { actor, targets, outcome, reason, context = {}, correlationId } = event;
  const own = (label: string, value: string | undefined, chip?: string): Field[] =>
    value === undefined ? [] : [{ label, value, ...(chip && { chip: { name: chip, value } }) }];
  const behalf = actor.onBehalfOf && `${actor.onBehalfOf.type}:${actor.onBehalfOf.id}`;
  return [
    ...own('Outcome', outcome, 'outcome'),
    ...own('Reason', reason),
    ...own('Action', event.action, 'action'),
    {
      label: 'Actor',
      value: actor.id,
      note: [actor.name, actor.type].filter(Boolean).join(', '),
      chip: { name: 'actor', value: actor.id },
    },
    ...own('On behalf of', behalf),
    ...own('Session', actor.sessionId),
    ...targets.map(({ type, id, name }) => ({
      label: 'Target',
      value: `${type}:${id}`,
      note: name,
      chip: { name: 'target', value: `${type}:${id}` },
    })),
    ...own('IP address', context.ip, 'ip'),
    ...own('Location', context.location),
    ...own('User agent', context.userAgent),
    ...own('Request', context.requestId),
    ...own('Correlation', correlationId, 'correlation'),
  ];
}

export function Fields({ event, onFilter }: FieldsProps) {
  return (
    <dl>
      {fieldsOf(event).map((field) => (
        <FieldRow key={field.label + field.value} field={field} onFilter={onFilter} />
      ))}
    </dl>
  );
}

interface MetadataProps {
  readonly tree: JsonTree | undefined;
  readonly onFilter: (chip: Chip) => void;
}

/** By its own words: 1e400 and 2^53 + 1 are shown as they were recorded. */
export function Metadata({ tree, onFilter }: MetadataProps) {
  if (tree?.kind !== 'object' || tree.entries.length === 0) return null;
  return (
    <section aria-label="Metadata">
      <h3>Metadata</h3>
      <dl>
        {scalars(tree, '').map((field, i) => (
          <FieldRow key={`${i} ${field.label}`} field={field} onFilter={onFilter} />
        ))}
      </dl>
    </section>
  );
}

function scalars(tree: JsonTree, prefix: string): Field[] {
  if (tree.kind !== 'object') return [];
  return tree.entries.flatMap(([key, value]): Field[] => {
    const label = prefix + plain(key);
    if (value.kind === 'object' && value.entries.length > 0) return scalars(value, `${label}.`);
    if (value.kind === 'string') return [withChip(label, plain(value.text))];
    // A number is asked for as JavaScript writes it: 1.0 is found as 1.
    if (value.kind === 'number') return [withChip(label, value.text, String(Number(value.text)))];
    if (value.kind === 'word') return [withChip(label, value.text)];
    return [{ label, value: prettyText(value).replace(/\n\s*/g, ' ') }];
  });
}

function withChip(label: string, value: string, asked = value): Field {
  return {
    label,
    value,
    ...(asked !== '' && { chip: { name: `metadata.${label}`, value: asked } }),
  };
}

interface FieldRowProps {
  readonly field: Field;
  readonly onFilter: (chip: Chip) => void;
}

function FieldRow({ field, onFilter }: FieldRowProps) {
  const { label, value, note, chip } = field;
  return (
    <div>
      <dt>
        <Text>{label}</Text>
      </dt>
      <dd>
        {chip === undefined ? (
          <Text>{value}</Text>
        ) : (
          <button
            type="button"
            class="value"
            title={`Filter by ${chip.name}`}
            onClick={() => onFilter(chip)}
          >
            <Text>{value}</Text>
          </button>
        )}
        {note !== undefined && note !== '' && (
          <span class="muted">
            {' '}
            <Text>{note}</Text>
          </span>
        )}
      </dd>
    </div>
  );
}
