/** An error in one line, with what caused it: `unavailable: …: AccessDeniedException: …`. */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  for (
    let each = error;
    each !== undefined;
    each = each instanceof Error ? each.cause : undefined
  ) {
    if (!(each instanceof Error)) parts.push(String(each));
    else parts.push(ours.has(each.name) ? each.message : `${each.name}: ${each.message}`);
  }
  return parts.join(': ');
}

/** Errors whose message says all. */
const ours = new Set([
  'Error',
  'Failure',
  'UsageError',
  'SealtrailError',
  'TypeError',
  'RangeError',
]);
