import { limits } from '../../domain/limits.ts';
import { parseTree, plain } from '../text/json-tree.ts';
import type { Bytes } from './bytes.ts';

const uuidV7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Why no batch of these times can have such a line, though it is what was signed (FORMAT.md, section 8, step 5). */
export function judgeLine(
  line: Bytes,
  { from, to }: { readonly from: number; readonly to: number },
): string | undefined {
  if (line.includes(0x0a)) return 'There is a line break in the line.';
  if (line.length > limits.line) return `The line has ${line.length} bytes.`;
  const time = timeIn(new TextDecoder().decode(line));
  if (time === undefined) return 'The line has no valid id, and so no time.';
  return time >= from && time <= to ? undefined : 'Its time is not one of its batch.';
}

/** Epoch ms of a line's id; without its own BOM, which a decoder takes away. */
function timeIn(text: string): number | undefined {
  try {
    const { id } = Object(JSON.parse(text)) as { id?: unknown };
    if (typeof id !== 'string' || !uuidV7.test(id) || hasTwoIds(text)) return undefined;
    return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
  } catch {
    return undefined;
  }
}

/** Of a doubled key each reader takes the one that it likes. */
function hasTwoIds(text: string): boolean {
  const tree = parseTree(text);
  return tree?.kind === 'object' && tree.entries.filter(([key]) => plain(key) === 'id').length > 1;
}
