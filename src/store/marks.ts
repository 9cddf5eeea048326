import { type Marks, markLength } from '../domain/producer.ts';

/** Numbers whose marks are in one item: 1.5 KB, two write units. */
export const marksPerPage = 128;
const none = ' '.repeat(markLength);

export function pageOf(seq: number): number {
  return Math.floor(seq / marksPerPage);
}

/** The marks of one page as a text of fixed width. */
export function packMarks(page: number, marks: Marks): string {
  const start = page * marksPerPage;
  const all = Array.from({ length: marksPerPage }, (_, i) => marks.get(start + i) ?? none);
  return all.join('').trimEnd();
}

export function unpackMarks(page: number, text: string): [seq: number, mark: string][] {
  const found: [number, string][] = [];
  for (let i = 0; i * markLength < text.length; i++) {
    const mark = text.slice(i * markLength, (i + 1) * markLength);
    if (mark !== none) found.push([page * marksPerPage + i, mark]);
  }
  return found;
}
