import { limits } from '../../domain/limits.ts';
import { parseStrictJson } from '../../domain/strict-json.ts';
import type { EventVerdict, Pins } from '../../domain/verdict.ts';
import { verifyProofText } from '../../domain/verify-proof-text.ts';
import type { Output } from '../output.ts';
import { sealedByService, verdictRow } from './show-verdict.ts';
import type { Tally } from './tally.ts';

/** People are shown so many that are intact, and all others. */
const shown = 20;

/** Verifies a file of one proof (over however many lines), or of one a line. */
export async function verifyProofFile(
  chunks: AsyncIterable<Buffer>,
  pins: Pins,
  out: Output,
  tally: Tally,
): Promise<void> {
  let count = 0;
  for await (const text of textsOf(chunks)) {
    for (const verdict of verifyProofText(text, pins)) {
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
  const service = place?.via === 'service' && sealedByService;
  const faulty = fault && `sealed as it is, though it is no valid event (${fault})`;
  const why = 'why' in verdict ? verdict.why : undefined;
  return [`${verdict.kind}  ${id}`, where, service, faulty, why].filter(Boolean).join('; ');
}

const lf = 0x0a;
const isBlank = (line: Buffer) =>
  line.every((byte) => byte === 0x20 || byte === 0x0d || byte === lf);

/**
 * The lines, or all of it as one text if the first line is not JSON by itself. No more is held than the longest text
 * of a proof: one that is longer is given cut, which is still too long, and is the last.
 */
async function* textsOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  /** Undefined until the first line is there: it decides. */
  let isWhole: boolean | undefined;
  for await (const chunk of chunks) {
    rest = Buffer.concat([rest, chunk]);
    let start = 0;
    while (isWhole !== true) {
      const end = rest.indexOf(lf, start);
      if (end === -1) break;
      const line = rest.subarray(start, end);
      if (!isBlank(line)) isWhole ??= line.length <= limits.proof && !parseStrictJson(line).ok;
      if (isWhole === true) break;
      start = end + 1;
      if (!isBlank(line)) yield line;
    }
    rest = rest.subarray(start);
    if (rest.length > limits.proof) break;
  }
  if (!isBlank(rest)) yield rest;
}
