import type { KeyObject } from 'node:crypto';
import { compress } from '../../src/domain/body.ts';
import { toTime } from '../../src/domain/encoding.ts';
import { signingInput, signJws } from '../../src/domain/jws.ts';
import { batchId, type Manifest, manifestHeader } from '../../src/domain/manifest.ts';
import { merkleRoot } from '../../src/domain/merkle.ts';

/** The earliest event time of every recipe. */
export const start = Date.parse('2026-01-15T23:59:58.000Z');

export const eventAt = (ms: number, n: number, over: object = {}) => ({
  id: `${ms
    .toString(16)
    .padStart(12, '0')
    .replace(/^(.{8})/, '$1-')}-7000-8000-${n.toString(16).padStart(12, '0')}`,
  time: toTime(ms),
  action: 'invoice.refunded',
  actor: { type: 'user', id: 'u_17', name: 'Zoë' },
  targets: [{ type: 'invoice', id: `in_${n}` }],
  outcome: 'success',
  ...over,
});

/** Three valid lines. */
export const good = [0, 1, 2].map((n) => JSON.stringify(eventAt(start + n * 1500, n)));

/** How a record is made; what is not said is right. */
export interface Recipe {
  lines?: (string | Buffer)[];
  /** The body's plain bytes, when they are not simply the lines. */
  plain?: Buffer;
  enc?: Manifest['enc'];
  /** The packed body, when it is not simply the packed plain bytes. */
  body?: Buffer;
  manifest?: Partial<Record<keyof Manifest, unknown>>;
  payload?: (text: string) => string;
  header?: (grantId: string) => string;
  compact?: (jws: string) => string;
  record?: (record: Buffer) => Buffer;
  signer?: KeyObject;
  /** The signature's 64 bytes, when they are not simply Ed25519's. */
  sign?: (data: Buffer, key: KeyObject) => Buffer;
}

/** Makes the record of a recipe, signed by `who` unless the recipe has another signer. */
export function build(
  recipe: Recipe,
  who: { readonly key: KeyObject; readonly grantId: string },
): { record: Buffer; id: string } {
  const lines = (recipe.lines ?? good).map((line) => Buffer.from(line));
  const plain = recipe.plain ?? Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\n')]));
  const enc = recipe.enc ?? 'identity';
  const body = recipe.body ?? compress(plain, enc);
  const manifest = {
    v: 1,
    client: 'billing',
    producer: '019bc3a5-0000-7000-8000-00000000abcd',
    seq: 0,
    prev: null,
    root: merkleRoot(lines).toString('base64url'),
    count: lines.length,
    from: toTime(start),
    to: toTime(start + 3000),
    fin: false,
    enc,
    len: body.length,
    size: plain.length,
    sealed: toTime(start + 3500),
    ...recipe.manifest,
  };
  const text = (recipe.payload ?? ((same) => same))(JSON.stringify(manifest));
  const header = (recipe.header ?? manifestHeader)(who.grantId);
  const key = recipe.signer ?? who.key;
  const input = signingInput(header, text);
  const signature = recipe.sign?.(Buffer.from(input), key).toString('base64url');
  const signed = signature === undefined ? signJws(header, text, key) : `${input}.${signature}`;
  const jws = (recipe.compact ?? ((same) => same))(signed);
  const record = Buffer.concat([Buffer.from(jws, 'latin1'), Buffer.from('\n'), body]);
  return { record: (recipe.record ?? ((same) => same))(record), id: batchId(manifest as Manifest) };
}
