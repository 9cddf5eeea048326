/**
 * The same items, so that those who made them take turns: the first of each group, then the second of each; within a
 * group the groups of the next key take turns likewise. However many one of them has, each other one is soon there.
 */
export function inTurn<T>(items: readonly T[], by: readonly ((item: T) => string)[]): T[] {
  const [group, ...rest] = by;
  if (group === undefined) return [...items];
  let lanes = [...Map.groupBy(items, group).values()].map((lane) => inTurn(lane, rest));
  const taken: T[] = [];
  for (let turn = 0; lanes.length > 0; turn++) {
    lanes = lanes.filter(({ length }) => length > turn);
    for (const lane of lanes) taken.push(lane[turn] as T);
  }
  return taken;
}
