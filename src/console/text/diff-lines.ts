export interface DiffLine {
  readonly sign: '-' | '+' | ' ';
  readonly text: string;
}

/** Above this, in lines squared, all of one side goes and all of the other comes: a table of 1 M cells takes 10 ms. */
const largest = 1_000_000;

/** What turns `before` into `after`: the fewest lines that go and come, by their longest common subsequence. */
export function diffLines(before: readonly string[], after: readonly string[]): DiffLine[] {
  const minus = (text: string): DiffLine => ({ sign: '-', text });
  const plus = (text: string): DiffLine => ({ sign: '+', text });
  if (before.length * after.length > largest) return [...before.map(minus), ...after.map(plus)];

  const common = lengths(before, after);
  const width = after.length + 1;
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    const [old, young] = [before[i], after[j]];
    if (old !== undefined && old === young) {
      lines.push({ sign: ' ', text: old });
      i++;
      j++;
    } else if (
      old !== undefined &&
      (young === undefined ||
        (common[(i + 1) * width + j] ?? 0) >= (common[i * width + j + 1] ?? 0))
    ) {
      lines.push(minus(old));
      i++;
    } else {
      lines.push(plus(young ?? ''));
      j++;
    }
  }
  return lines;
}

/** Of every pair of tails, how many lines they have in common. */
function lengths(before: readonly string[], after: readonly string[]): Uint32Array {
  const width = after.length + 1;
  const table = new Uint32Array((before.length + 1) * width);
  for (let i = before.length - 1; i >= 0; i--)
    for (let j = after.length - 1; j >= 0; j--)
      table[i * width + j] =
        before[i] === after[j]
          ? (table[(i + 1) * width + j + 1] ?? 0) + 1
          : Math.max(table[(i + 1) * width + j] ?? 0, table[i * width + j + 1] ?? 0);
  return table;
}
