import { parseJson } from '../../domain/json.ts';
import { type EventVerdict, forged, type Pins } from '../../domain/verdict.ts';
import { verifyProof } from '../../domain/verify-proof.ts';
import type { Output } from '../output.ts';
import { verdictRow } from './show-verdict.ts';
import type { Tally } from './tally.ts';

/** People are shown so many that are intact, and all others. */
const shown = 20;
/** A proof is at most some 100 KB; one that is written over many lines a little more. */
const maxText = 16 * 1024 * 1024;

/** Verifies a file of one proof (over however many lines), or of one a line. */
export async function verifyProofFile(
  chunks: AsyncIterable<Buffer>,
  pins: Pins,
  out: Output,
  tally: Tally,
): Promise<void> {
  let count = 0;
  for await (const text of textsOf(chunks)) {
    for (const verdict of verdictsOf(text, pins)) {
      count += 1;
      tally[verdict.kind] += 1;
      out.rows([verdictRow(verdict, `proof ${count}`)], []);
      if (verdict.kind !== 'intact' || tally.intact <= shown) out.say(sentence(verdict, count));
    }
  }
  if (count === 0) tally.incomplete += 1;
  out.say(
    count === 0
      ? 'There is no proof in it.'
      : `${count} proof(s): ${tally.intact} intact, ${tally.incomplete} incomplete, ${tally.forged} forged.`,
  );
}

function sentence(verdict: EventVerdict, count: number): string {
  const { id = `proof ${count}`, place, fault } = verdict;
  const where = place && `tenant ${place.tenant}, client ${place.client}, batch ${place.batch}`;
  const faulty = fault && `sealed as it is, though it is no valid event (${fault})`;
  const why = 'why' in verdict ? verdict.why : undefined;
  return [`${verdict.kind}  ${id}`, where, faulty, why].filter(Boolean).join('; ');
}

/** The lines, or all of it as one text if the first line is not JSON by itself. */
async function* textsOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest = '';
  /** Undefined until the first line is there: it decides. */
  let isWhole: boolean | undefined;
  const decoder = new TextDecoder();
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true });
    if (rest.length > maxText) break;
    if (isWhole === true) continue;
    const lines = rest.split('\n');
    const first = lines.slice(0, -1).find((line) => line.trim() !== '');
    if (first !== undefined) isWhole ??= !parseJson(first).ok;
    if (isWhole === true) continue;
    rest = lines.pop() ?? '';
    yield* lines.filter((line) => line.trim() !== '');
  }
  if (rest.trim() !== '') yield rest;
}

/** Of one text: a proof, or one with `others` that bear the same id. */
function verdictsOf(text: string, pins: Pins): EventVerdict[] {
  const json = parseJson(text);
  if (!json.ok) return [forged('malformed', `this is not JSON that all read alike: ${json.fault}`)];
  const { value } = json;
  if (typeof value !== 'object' || value === null) return [verifyProof(value, pins)];
  // Beside a proof the API says whether there are more, and what it could not look into: nothing of the proof.
  const { others, more, holes, ...first } = value as Record<string, unknown>;
  if (others !== undefined && !Array.isArray(others)) return [verifyProof(value, pins)];
  const all = [first, ...(others ?? [])];
  return all.map((each) => verifyProof(each, pins));
}
