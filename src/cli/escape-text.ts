/**
 * Control, formatting (bidirectional, zero-width), private and unpaired characters, and line separators: what was
 * quarantined is text of anybody, and must not move the cursor, hide, or pass for something else.
 */
const unsafe = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** For a terminal: `\u{1b}` in place of an escape. */
export function escapeText(text: string): string {
  return text.replace(unsafe, (found) => `\\u{${(found.codePointAt(0) ?? 0).toString(16)}}`);
}

/** JSON that says the same in safe characters only. */
export function escapeJson(json: string): string {
  return json.replace(unsafe, (found) =>
    [...Array(found.length).keys()]
      .map((at) => `\\u${found.charCodeAt(at).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}
