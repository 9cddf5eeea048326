import { type Chip, emptyQuestion, isField, type Question } from './question.ts';

/** The question as query parameters of `GET /v1/events`, without page size and cursor. */
export function toParams(question: Question): URLSearchParams {
  const params = filterParams(question);
  if (question.q !== '') params.set('q', question.q);
  if (question.order !== 'desc') params.set('order', question.order);
  return params;
}

/** What counting takes of it: all but text and order. */
export function filterParams({ chips, from, to, tenant }: Question): URLSearchParams {
  const params = new URLSearchParams();
  if (tenant !== '') params.set('tenant', tenant);
  for (const { name, value } of chips) params.append(name, value);
  if (from !== '') params.set('from', from);
  if (to !== '') params.set('to', to);
  return params;
}

/** What a permalink names. Secrets are no part of it. */
export interface View {
  readonly question: Question;
  /** Id of the event that is open; '' for none. */
  readonly event: string;
  readonly page: 'events' | 'producers';
}

/** What a fragment holds: a view, and perhaps the token with which a page that embeds this one lets it read. */
export interface Fragment extends View {
  readonly token: string;
}

/** The fragment of a view, with its `#`; '' for the view that is shown without one. */
export function toFragment({ question, event, page }: View): string {
  const params = toParams(question);
  if (event !== '') params.set('event', event);
  if (page !== 'events') params.set('page', page);
  const text = params.toString();
  return text === '' ? '' : `#${text}`;
}

/** Reads a fragment leniently: what it does not know is left out, so that old links keep working. */
export function fromFragment(hash: string): Fragment {
  const params = new URLSearchParams(hash.replace(/^#/, ''));
  const one = (name: string) => params.get(name) ?? '';
  const chips: Chip[] = [...params]
    .filter(([name, value]) => isField(name) && value !== '')
    .map(([name, value]) => ({ name, value }));
  const question: Question = {
    ...emptyQuestion,
    chips,
    q: one('q'),
    from: one('from'),
    to: one('to'),
    order: one('order') === 'asc' ? 'asc' : 'desc',
    tenant: one('tenant'),
  };
  const page = one('page') === 'producers' ? 'producers' : 'events';
  return { question, event: one('event'), page, token: one('token') };
}
