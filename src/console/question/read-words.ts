import { isField, type Question, withChip } from './question.ts';

const relative = /^-\d{1,6}[smhdw]$/;
/** A word, or `name:"several words"`, or `"several words"`. */
const words = /(?:[^\s"]*"(?:\\.|[^"\\])*"|\S+)/g;

/**
 * Adds what is typed into the search box to a question: `actor:user_7`, `metadata.plan=team`, `from:-24h`, `late`,
 * `-24h`; all else is text to look for. What has spaces is quoted: `actor:"Ana Petrova"`.
 */
export function readWords(typed: string, before: Question): Question {
  let question = before;
  const text: string[] = [];
  for (const [word] of typed.matchAll(words)) {
    const next = readWord(word, question);
    if (next === undefined) text.push(unquoted(word));
    else question = next;
  }
  return text.length === 0 ? question : { ...question, q: text.join(' ') };
}

function readWord(word: string, question: Question): Question | undefined {
  if (relative.test(word)) return { ...question, from: word };
  if (word === 'late') return withChip(question, { name: 'late', value: 'true' });
  const at = word.search(/[:=]/);
  if (at <= 0) return undefined;
  const name = word.slice(0, at);
  const value = unquoted(word.slice(at + 1));
  if (value === '') return undefined;
  if (name === 'from' || name === 'to' || name === 'q') return { ...question, [name]: value };
  return isField(name) ? withChip(question, { name, value }) : undefined;
}

function unquoted(word: string): string {
  const quoted = /^"((?:\\.|[^"\\])*)"$/.exec(word)?.[1];
  return quoted === undefined ? word : quoted.replace(/\\(.)/g, '$1');
}

/** What is wrong with a question before it is sent, to be said beside the box; undefined if nothing is. */
export function complaint({ q, chips }: Question): string | undefined {
  if (q !== '' && q.length < 3) return 'Text to look for has at least 3 characters.';
  if (q.length > 100) return 'Text to look for has at most 100 characters.';
  const outcome = chips.find(({ name }) => name === 'outcome')?.value;
  if (outcome !== undefined && !['success', 'failure', 'denied'].includes(outcome))
    return 'An outcome is success, failure or denied.';
  const target = chips.find(({ name }) => name === 'target')?.value;
  if (target !== undefined && !target.includes(':'))
    return 'A target is type:id, such as target:invoice:inv_7.';
  return undefined;
}
