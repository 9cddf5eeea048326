import { limits } from './limits.ts';
import { parseStrictJson } from './strict-json.ts';
import { type EventVerdict, forged, type Pins } from './verdict.ts';
import { verifyProof } from './verify-proof.ts';

/**
 * Verifies the text of a proof, as `GET /v1/events/{id}/proof` gives it: the verdict on it, and on each of its `others`.
 * At most 256 KiB, of strict JSON; any other text is forged. Never throws.
 */
export function verifyProofText(text: Uint8Array, pins: Pins): EventVerdict[] {
  if (text.length > limits.proof)
    return [
      forged(
        'malformed',
        `over ${limits.proof} bytes; \`others\` may each have a line of their own`,
      ),
    ];
  const json = parseStrictJson(text);
  if (!json.ok) return [forged('malformed', `this is not JSON that all read alike: ${json.why}`)];
  const { value } = json;
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return [verifyProof(value, pins)];
  // Beside a proof the API says whether there are more, and what it could not look into: nothing of the proof.
  const { others = [], more: _, holes: __, ...first } = value as Readonly<Record<string, unknown>>;
  const all = Array.isArray(others) ? [first, ...others] : [value];
  return all.map((each) => verifyProof(each, pins));
}
