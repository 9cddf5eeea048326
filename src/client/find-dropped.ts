/**
 * The path of a member of `before` that `after` has no more. Zod's `z.object` strips what it does not
 * know; only plain objects and arrays are looked into, as a transform may have made anything else.
 */
export function findDropped(before: unknown, after: unknown): string[] | undefined {
  if (!isContainer(before) || !isContainer(after)) return undefined;
  if (Array.isArray(before) !== Array.isArray(after)) return undefined;
  for (const [key, value] of Object.entries(before)) {
    if (value === undefined) continue;
    if (!Object.hasOwn(after, key)) return [key];
    const below = findDropped(value, after[key]);
    if (below !== undefined) return [key, ...below];
  }
  return undefined;
}

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
