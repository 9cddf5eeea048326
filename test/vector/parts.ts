/** How the vectors write bytes (README.md): parts, one behind the other. */
export interface Part {
  /** UTF-8. */
  readonly text?: string;
  /** RFC 4648 §4, padded. */
  readonly base64?: string;
  /** How often the part stands there; once unless it is said. */
  readonly times?: number;
}

export function fromParts(parts: readonly Part[]): Buffer {
  return Buffer.concat(
    parts.flatMap(({ text, base64 = '', times = 1 }) => {
      const bytes = text === undefined ? Buffer.from(base64, 'base64') : Buffer.from(text);
      return Array.from({ length: times }, () => bytes);
    }),
  );
}

/** Runs of one byte that are longer than this are written once. */
const longRun = 256;

export function toParts(bytes: Buffer): Part[] {
  const parts: Part[] = [];
  let start = 0;
  for (let at = 0; at < bytes.length; ) {
    let end = at + 1;
    while (end < bytes.length && bytes[end] === bytes[at]) end += 1;
    if (end - at > longRun) {
      if (at > start) parts.push(partOf(bytes.subarray(start, at)));
      parts.push({ ...partOf(bytes.subarray(at, at + 1)), times: end - at });
      start = end;
    }
    at = end;
  }
  if (start < bytes.length) parts.push(partOf(bytes.subarray(start)));
  return parts;
}

function partOf(bytes: Buffer): Part {
  const text = bytes.toString('utf8');
  return Buffer.from(text).equals(bytes) ? { text } : { base64: bytes.toString('base64') };
}
