import { SealtrailError } from '../domain/error.ts';

/** Where a batch lies: its sort key, `<to>#<id>`, and its shard. */
export interface BatchPlace {
  readonly key: string;
  readonly shard: number;
}

const pattern = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z#[A-Za-z0-9_-]{43})#(\d{1,4})$/;

/** What the parameter `batch` takes: `<to>#<id>#<shard>`. */
export function batchName({ key, shard }: BatchPlace): string {
  return `${key}#${shard}`;
}

/** Throws `request-invalid` for a text that names no batch. */
export function parseBatchName(text: string): BatchPlace {
  const [, key, shard] = pattern.exec(text) ?? [];
  if (key === undefined)
    throw new SealtrailError('request-invalid', 'a batch is named <to>#<id>#<shard>');
  return { key, shard: Number(shard) };
}
