/**
 * What a text that JSON.parse accepts has that readers understand differently: read by a grammar that is
 * written out, a character at a time, and shares nothing with the code that it is compared with.
 */
export function readStrictly(text: string, maxDepth: number): Set<string> {
  const faults = new Set<string>();
  let at = 0;

  const blank = () => {
    while (/[ \t\r\n]/.test(text[at] ?? '')) at++;
  };

  const string = (): string => {
    const units: number[] = [];
    at++;
    for (; text[at] !== '"'; at++) {
      if (text[at] !== '\\') {
        units.push(text.charCodeAt(at));
      } else if (text[++at] === 'u') {
        units.push(Number.parseInt(text.slice(at + 1, at + 5), 16));
        at += 4;
      } else {
        const short = { b: 8, f: 12, n: 10, r: 13, t: 9 }[text[at] ?? ''];
        units.push(short ?? text.charCodeAt(at));
      }
    }
    at++;
    for (let i = 0; i < units.length; i++) {
      const unit = units[i] ?? 0;
      const next = units[i + 1] ?? 0;
      if (unit >= 0xd800 && unit < 0xdc00 && next >= 0xdc00 && next < 0xe000) i++;
      else if (unit >= 0xd800 && unit < 0xe000) faults.add('surrogate');
    }
    return units.join();
  };

  const value = (depth: number): void => {
    blank();
    if (text[at] === '{' || text[at] === '[') {
      if (depth === maxDepth) faults.add('depth');
      const isObject = text[at] === '{';
      const keys: string[] = [];
      do {
        at++;
        blank();
        if (text[at] === '}' || text[at] === ']') break;
        if (isObject) {
          const key = string();
          if (keys.includes(key)) faults.add('duplicate-key');
          keys.push(key);
          blank();
          at++;
        }
        value(depth + 1);
      } while (text[at] === ',');
      at++;
    } else if (text[at] === '"') string();
    else while (/[\w.+-]/.test(text[at] ?? '')) at++;
    blank();
  };

  value(0);
  if (at !== text.length) throw new Error(`the test's own reader stopped at ${at} of ${text}`);
  return faults;
}
