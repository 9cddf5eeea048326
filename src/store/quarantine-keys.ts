/**
 * Where the bucket of what can never be accepted has its objects: `<prefix><yyyy/mm/dd>/<digest>.ndjson`. A tenant's
 * own lie apart from what is nobody's, so that no flood of the latter stands between a tenant and what is its own.
 */
export const nobodysPrefix = 'nobody/';

/** Not `tenant/<id>/`: an id may be `..`, which is no name for a part of a path. */
export function tenantPrefix(tenant: string): string {
  return `tenant-${tenant}/`;
}

/** The day in a key, `2026-03-01`; undefined for an object that the consumer did not write. */
export function dayOfKey(key: string): string | undefined {
  const [, year, month, day] = /^[^/]+\/(\d{4})\/(\d\d)\/(\d\d)\//.exec(key) ?? [];
  return year && `${year}-${month}-${day}`;
}
