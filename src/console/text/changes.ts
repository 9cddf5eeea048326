import { type DiffLine, diffLines } from './diff-lines.ts';
import { type JsonTree, member, plain } from './json-tree.ts';
import { prettyText } from './pretty-json.ts';

/** One entry of an event's `changes`, as lines that went and came. */
export interface ShownChange {
  readonly op: string;
  readonly path: string;
  readonly lines: readonly DiffLine[];
}

/** The `changes` of an event, by its own words, so that a number is shown as it was recorded. */
export function shownChanges(event: JsonTree | undefined): ShownChange[] {
  const changes = member(event, 'changes');
  if (changes?.kind !== 'array') return [];
  return changes.items.map((change) => ({
    op: textOf(member(change, 'op')),
    path: textOf(member(change, 'path')),
    lines: diffLines(linesOf(member(change, 'from')), linesOf(member(change, 'to'))),
  }));
}

function textOf(node: JsonTree | undefined): string {
  return node?.kind === 'string' ? plain(node.text) : '';
}

function linesOf(node: JsonTree | undefined): string[] {
  return node === undefined ? [] : prettyText(node).split('\n');
}
