import { nestsTooDeep, parseJson } from './json.ts';

export type StrictJson =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly why: string };

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Strict JSON (FORMAT.md): what every reader understands alike. Depth is looked at before anything is made of the
 * text, so that a text of brackets costs nothing. Never throws.
 */
export function parseStrictJson(bytes: Uint8Array): StrictJson {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    return { ok: false, why: 'utf8' };
  }
  if (nestsTooDeep(text)) return { ok: false, why: 'depth' };
  const json = parseJson(text);
  return json.ok ? json : { ok: false, why: json.fault };
}
