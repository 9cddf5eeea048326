import type { RefObject } from 'preact';
import { useState } from 'preact/hooks';
import { type Chip, emptyQuestion, type Question, withoutChip } from '../question/question.ts';
import { complaint, readWords } from '../question/read-words.ts';
import { Text } from './text.tsx';

interface SearchBarProps {
  readonly question: Question;
  readonly onAsk: (question: Question) => void;
  readonly input: RefObject<HTMLInputElement | null>;
}

const presets = [
  ['', 'All time'],
  ['-15m', 'Last 15 minutes'],
  ['-1h', 'Last hour'],
  ['-24h', 'Last 24 hours'],
  ['-7d', 'Last 7 days'],
  ['-30d', 'Last 30 days'],
] as const;

export function SearchBar({ question, onAsk, input }: SearchBarProps) {
  const [problem, setProblem] = useState('');

  function submit(event: Event) {
    event.preventDefault();
    const next = readWords(input.current?.value ?? '', question);
    const wrong = complaint(next);
    setProblem(wrong ?? '');
    if (wrong !== undefined) return;
    if (input.current !== null) input.current.value = '';
    // The same question again is asked again.
    onAsk({ ...next });
  }

  return (
    <search class="search">
      <form onSubmit={submit}>
        <label class="unseen" for="search">
          Search
        </label>
        <input
          id="search"
          ref={input}
          type="text"
          autocomplete="off"
          spellcheck={false}
          placeholder="Search: actor:user_7  action:invoice.refunded  outcome:denied  metadata.plan:team  or any text"
          aria-invalid={problem !== ''}
          aria-describedby="search-problem"
        />
        <kbd>/</kbd>
        <button type="submit">Search</button>
        <Times question={question} onAsk={onAsk} />
        <button
          type="button"
          title="Newest or oldest first"
          onClick={() => onAsk({ ...question, order: question.order === 'desc' ? 'asc' : 'desc' })}
        >
          {question.order === 'desc' ? 'Newest first' : 'Oldest first'}
        </button>
      </form>
      <p id="search-problem" class="problem" role="alert">
        {problem}
      </p>
      <Chips question={question} onAsk={onAsk} />
    </search>
  );
}

function Times({ question, onAsk }: Omit<SearchBarProps, 'input'>) {
  const { from, to } = question;
  const isPreset = to === '' && presets.some(([value]) => value === from);
  return (
    <select
      aria-label="Time range"
      value={isPreset ? from : 'own'}
      onChange={({ currentTarget: { value } }) => {
        if (value !== 'own') onAsk({ ...question, from: value, to: '' });
      }}
    >
      {presets.map(([value, name]) => (
        <option key={value} value={value}>
          {name}
        </option>
      ))}
      {!isPreset && <option value="own">Own range</option>}
    </select>
  );
}

function Chips({ question, onAsk }: Omit<SearchBarProps, 'input'>) {
  const { chips, q, from, to } = question;
  const others: readonly (readonly [keyof Question, string])[] = [
    ['q', q],
    ['from', from.startsWith('-') ? '' : from],
    ['to', to],
  ];
  const shown = others.filter(([, value]) => value !== '');
  if (chips.length + shown.length === 0) return null;
  return (
    <ul class="chips" aria-label="Filters">
      {chips.map((chip) => (
        <ChipView
          key={`${chip.name} ${chip.value}`}
          chip={chip}
          onRemove={() => onAsk(withoutChip(question, chip))}
        />
      ))}
      {shown.map(([name, value]) => (
        <ChipView
          key={name}
          chip={{ name: name === 'q' ? 'text' : name, value }}
          onRemove={() => onAsk({ ...question, [name]: '' })}
        />
      ))}
      <li>
        <button
          type="button"
          class="plain"
          onClick={() => onAsk({ ...emptyQuestion, tenant: question.tenant })}
        >
          Clear all
        </button>
      </li>
    </ul>
  );
}

function ChipView({ chip, onRemove }: { readonly chip: Chip; readonly onRemove: () => void }) {
  const { name, value } = chip;
  return (
    <li class="chip">
      <span class="chip-name">{name}</span>
      <Text>{value}</Text>
      <button type="button" aria-label={`Remove the filter ${name} ${value}`} onClick={onRemove}>
        ×
      </button>
    </li>
  );
}
