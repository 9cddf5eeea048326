/** A stretch of text to show, or a character that would not be seen, or would turn the text around it. */
export type Stretch =
  | { readonly text: string }
  | { readonly hidden: string; readonly name: string };

/**
 * Controls (but tab and line feed), and the marks of Unicode that steer direction (UAX #9) or have no width. Joiners
 * of scripts (U+200C, U+200D) are left alone: Persian and emoji are written with them.
 */
const hiddenPattern =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

const names: Readonly<Record<string, string>> = {
  '0000': 'NUL',
  '061C': 'Arabic letter mark',
  '200B': 'zero width space',
  '200E': 'left-to-right mark',
  '200F': 'right-to-left mark',
  '202A': 'left-to-right embedding',
  '202B': 'right-to-left embedding',
  '202C': 'pop directional formatting',
  '202D': 'left-to-right override',
  '202E': 'right-to-left override',
  '2066': 'left-to-right isolate',
  '2067': 'right-to-left isolate',
  '2068': 'first strong isolate',
  '2069': 'pop directional isolate',
  FEFF: 'byte order mark',
};

/** Takes a text apart so that nothing in it stays unseen. */
export function visible(text: string): Stretch[] {
  const stretches: Stretch[] = [];
  let at = 0;
  for (const match of text.matchAll(hiddenPattern)) {
    if (match.index > at) stretches.push({ text: text.slice(at, match.index) });
    const code = (match[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    stretches.push({ hidden: `U+${code}`, name: names[code] ?? 'control character' });
    at = match.index + match[0].length;
  }
  if (at < text.length) stretches.push({ text: text.slice(at) });
  return stretches;
}
