import { limits } from '../../domain/limits.ts';
import { parseTree, plain } from '../text/json-tree.ts';
import type { Bytes } from './bytes.ts';
import { uuidV7Form } from './forms.ts';

/** 9999-12-31T23:59:59.999Z. */
const lastTime = 253_402_300_799_999;

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
    if (typeof id !== 'string' || !uuidV7Form.test(id) || hasTwo(text, 'id')) return undefined;
    const time = Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
    return time <= lastTime ? time : undefined;
  } catch {
    return undefined;
  }
}

/** Of a doubled key each reader takes the one that it likes. */
function hasTwo(text: string, name: string): boolean {
  const tree = parseTree(text);
  return tree?.kind === 'object' && tree.entries.filter(([key]) => plain(key) === name).length > 1;
}

const readClient = 'sealtrail.read';
const readActions = ['audit.log.read', 'audit.viewer.create'];

/**
 * Why the read API's own client cannot have sealed this line: it records reads only. That the line is a valid event
 * in all else is looked at by the service and by the tool; the page has no schema.
 */
export function judgeAction(line: Bytes, client: string): string | undefined {
  if (client !== readClient) return undefined;
  const text = new TextDecoder().decode(line);
  const { action } = Object(JSON.parse(text)) as { action?: unknown };
  return readActions.includes(String(action)) && !hasTwo(text, 'action')
    ? undefined
    : `Under the client ${readClient} the service records reads only, and this is none.`;
}
