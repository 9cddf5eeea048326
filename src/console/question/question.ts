/** A filter: a field of `GET /v1/events` and a value. Chips of one field are alternatives, fields are combined with AND. */
export interface Chip {
  readonly name: string;
  readonly value: string;
}

/** What is asked of the log. */
export interface Question {
  readonly chips: readonly Chip[];
  /** Text that a line holds, 3 to 100 characters; '' for none. */
  readonly q: string;
  /** As the API takes them (`-24h`, `2026-01-31`, RFC 3339); '' for none. */
  readonly from: string;
  readonly to: string;
  readonly order: 'desc' | 'asc';
  /** Which tenant's log, for a key that reads all; '' for the key's own. */
  readonly tenant: string;
}

export const emptyQuestion: Question = {
  chips: [],
  q: '',
  from: '',
  to: '',
  order: 'desc',
  tenant: '',
};

/** Fields that can be filtered on, besides `metadata.<path>`. */
export const fieldNames = [
  'actor',
  'action',
  'target',
  'outcome',
  'ip',
  'correlation',
  'late',
] as const;

export function isField(name: string): boolean {
  return (
    (fieldNames as readonly string[]).includes(name) ||
    (name.startsWith('metadata.') && name.length > 'metadata.'.length)
  );
}

/** The question with one more filter; unchanged if it is there. */
export function withChip(question: Question, chip: Chip): Question {
  const isThere = question.chips.some(
    ({ name, value }) => name === chip.name && value === chip.value,
  );
  return isThere ? question : { ...question, chips: [...question.chips, chip] };
}

export function withoutChip(question: Question, chip: Chip): Question {
  return { ...question, chips: question.chips.filter((each) => each !== chip) };
}
