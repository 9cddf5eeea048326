/** Records of every kind, right and wrong: of the golden vectors, and for tests that need them under a grant of their own. */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import * as zlib from 'node:zlib';
import { compress } from '../../src/domain/body.ts';
import { toTime } from '../../src/domain/encoding.ts';
import { signingInput } from '../../src/domain/jws.ts';
import { eventAt, good, type Recipe, start } from './build.ts';
import { withLargeS, withTorsion } from './odd-signatures.ts';

const bytes = (...parts: (string | Buffer)[]) =>
  Buffer.concat(parts.map((part) => Buffer.from(part)));
const plainGood = bytes(`${good.join('\n')}\n`);
const flip = (data: Buffer, at: number) => {
  const copy = Buffer.from(data);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
};
const swapHeader = (header: (kid: string) => object) => ({
  header: (kid: string) => JSON.stringify(header(kid)),
});
const metadataLine = (raw: string) => `${(good[0] ?? '').slice(0, -1)},"metadata":${raw}}`;
const deep = (n: number) => '['.repeat(n) + ']'.repeat(n);
const firstAnd = (odd: string | Buffer) => [odd, good[1] ?? '', good[2] ?? ''];
/** The same id once more, so that a reader who takes either finds a valid one. */
const withSecondId = (key: string, before = '') =>
  replaceIn(',', `,${before}${key}:"${eventAt(start, 0).id}",`);
const replaceIn = (find: string, by: string) => (good[0] ?? '').replace(find, by);

/** A frame of one block that is not packed (RFC 8878 §3.1.1), whose header says a window, and perhaps a size. */
const rawFrame = (plain: Buffer, window: number, size?: number) => {
  const said = Buffer.alloc(size === undefined ? 0 : 4);
  if (size !== undefined) said.writeUInt32LE(size);
  const block = Buffer.alloc(3);
  block.writeUIntLE(1 | (plain.length << 3), 0, 3);
  const head = Buffer.of(0x28, 0xb5, 0x2f, 0xfd, size === undefined ? 0 : 0x80, window);
  return bytes(head, said, block, plain);
};
/** Window descriptors of 8 MiB, and of 9 MiB. */
const [window8, window9] = [13 << 3, (13 << 3) | 1];
const smiles = (n: number) =>
  replaceIn(',"outcome"', `,"correlationId":"${'\u{1f600}'.repeat(n)}","outcome"`);
const withMember = (text: string) => replaceIn(',"outcome"', `,${text},"outcome"`);
const nothing = {
  lines: [],
  manifest: { fin: true, from: toTime(start), to: toTime(start), sealed: toTime(start) },
};

/** Records that are stored, with no faults. */
export const valid: Record<string, Recipe> = {
  'valid-identity': {},
  'valid-deflate': { enc: 'deflate' },
  'valid-zstd': { enc: 'zstd' },
  'valid-fin-empty': {
    lines: [],
    manifest: {
      fin: true,
      seq: 7,
      prev: 'A'.repeat(43),
      from: toTime(start),
      to: toTime(start),
      sealed: toTime(start),
    },
  },
  'valid-numbers-kept': {
    lines: firstAnd(metadataLine('{"big":9007199254740993,"huge":1e400,"zero":-0}')),
  },
  'valid-inert-names': {
    lines: firstAnd(metadataLine('{"ttl":1,"pk":"x","expires":0,"__proto__":{"admin":true}}')),
  },
  'valid-window-8-mib': { enc: 'zstd', body: rawFrame(plainGood, window8) },
  'valid-512-code-points': { lines: firstAnd(smiles(512)) },
  'valid-schema-of-action-with-slash': {
    lines: firstAnd(
      withMember('"schema":"a/b/1"').replace('"action":"invoice.refunded"', '"action":"a/b"'),
    ),
  },
  'valid-ip-mapped': { lines: firstAnd(withMember('"context":{"ip":"::ffff:1.2.3.4"}')) },
  'valid-producer-beyond-year-9999': {
    manifest: { producer: 'ffffffff-ffff-7000-8000-00000000abcd' },
  },
};

/** Records that are stored, with the fault of their first line. */
export const faulty: Record<string, [string, Recipe]> = {
  'fault-duplicate-key': [
    'duplicate-key',
    { lines: firstAnd(replaceIn('"outcome":', '"outcome":"denied","outcome":')) },
  ],
  'fault-duplicate-key-escaped': [
    'duplicate-key',
    { lines: firstAnd(metadataLine('{"a":1,"\\u0061":2}')) },
  ],
  'fault-duplicate-key-inner-id': [
    'duplicate-key',
    { lines: firstAnd(replaceIn('"id":"u_17"', '"id":"u_17","id":"u_17"')) },
  ],
  'fault-proto-member': [
    'schema',
    { lines: firstAnd(replaceIn('"outcome":', '"__proto__":{"admin":true},"outcome":')) },
  ],
  'fault-surrogate': ['surrogate', { lines: firstAnd(metadataLine('{"a":"\\ud800"}')) }],
  'fault-utf8': [
    'utf8',
    { lines: firstAnd(bytes((good[0] ?? '').slice(0, -2), Buffer.from([0xff]), '"}')) },
  ],
  'fault-bom': ['bom', { lines: firstAnd(`\ufeff${good[0]}`) }],
  'fault-nul-in-id': ['schema', { lines: firstAnd(replaceIn('u_17', 'u_\\u000017')) }],
  'fault-bidi-in-id': ['schema', { lines: firstAnd(replaceIn('u_17', 'u_\u202e17')) }],
  'fault-depth': ['depth', { lines: firstAnd(metadataLine(`{"a":${deep(31)}}`)) }],
  'fault-depth-extreme': ['depth', { lines: firstAnd(metadataLine(`{"a":${deep(30_000)}}`)) }],
  'fault-time': ['time', { lines: firstAnd(replaceIn('58.000Z', '58.001Z')) }],
  'fault-unknown-member': [
    'schema',
    { lines: firstAnd(replaceIn('"outcome":', '"tenant":"other","outcome":')) },
  ],
  'fault-513-code-points': ['schema', { lines: firstAnd(smiles(513)) }],
  'fault-time-that-does-not-exist': [
    'time',
    { lines: firstAnd(replaceIn('2026-01-15T23:59:58.000Z', '2026-02-30T00:00:00.000Z')) },
  ],
  'fault-schema-of-no-action': ['schema', { lines: firstAnd(withMember('"schema":" /1"')) }],
  'fault-pointer-escape': [
    'schema',
    { lines: firstAnd(withMember('"changes":[{"op":"add","path":"/~2"}]')) },
  ],
  'fault-traceparent-version': [
    'schema',
    { lines: firstAnd(withMember(`"traceparent":"ff-${'a'.repeat(32)}-${'b'.repeat(16)}-01"`)) },
  ],
  'fault-traceparent-zeros': [
    'schema',
    { lines: firstAnd(withMember(`"traceparent":"00-${'0'.repeat(32)}-${'b'.repeat(16)}-01"`)) },
  ],
  'fault-ip-zone': ['schema', { lines: firstAnd(withMember('"context":{"ip":"fe80::1%eth0"}')) }],
  'fault-surrogate-before-doubled-key': [
    'surrogate',
    { lines: firstAnd(metadataLine('{"a":"\\ud800","b":1,"b":2}')) },
  ],
  'fault-doubled-key-before-surrogate': [
    'duplicate-key',
    { lines: firstAnd(metadataLine('{"b":1,"b":"\\ud800"}')) },
  ],
  'fault-bom-before-utf8': [
    'bom',
    { lines: firstAnd(bytes('\ufeff', (good[0] ?? '').slice(0, -2), Buffer.from([0xff]), '"}')) },
  ],
};

const skippable = bytes(Buffer.from([0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0]), 'hi');
const bombPlain = Buffer.alloc(4 * 1024 * 1024, 0x20);
const deflated = compress(plainGood, 'deflate');
const zstd = compress(plainGood, 'zstd');

/** Records that are refused, with the code. */
export const wrong: Record<string, [string, Recipe]> = {
  'wrong-empty': ['record-empty', { record: () => Buffer.alloc(0) }],
  'wrong-random-bytes': [
    'record-malformed',
    { record: () => Buffer.from('8f3a0102ffe0d1c2b3a4958677', 'hex') },
  ],
  'wrong-too-large': ['record-too-large', { record: (r) => bytes(r, Buffer.alloc(256 * 1024)) }],
  'wrong-two-segments': [
    'record-malformed',
    { compact: (jws) => jws.slice(0, jws.lastIndexOf('.')) },
  ],
  'wrong-version': ['version-unknown', { manifest: { v: 2 } }],
  'wrong-alg-none': [
    'header-invalid',
    swapHeader((kid) => ({ alg: 'none', typ: 'sealtrail-manifest+jwt', kid })),
  ],
  'wrong-alg-hs256': [
    'header-invalid',
    swapHeader((kid) => ({ alg: 'HS256', typ: 'sealtrail-manifest+jwt', kid })),
  ],
  'wrong-header-more': [
    'header-invalid',
    swapHeader((kid) => ({ alg: 'EdDSA', typ: 'sealtrail-manifest+jwt', kid, jku: 'https://x' })),
  ],
  'wrong-header-less': ['header-invalid', swapHeader((kid) => ({ alg: 'EdDSA', kid }))],
  'wrong-header-order': [
    'header-invalid',
    swapHeader((kid) => ({ typ: 'sealtrail-manifest+jwt', alg: 'EdDSA', kid })),
  ],
  'wrong-base64url-padded': ['encoding-invalid', { compact: (jws) => `${jws}=` }],
  'wrong-base64url-lax': ['encoding-invalid', { compact: (jws) => laxLast(jws) }],
  'wrong-signature-short': ['encoding-invalid', { compact: (jws) => jws.slice(0, -2) }],
  'wrong-key-doubled': [
    'manifest-invalid',
    { payload: (t) => t.replace('"seq":0', '"seq":1,"seq":0') },
  ],
  'wrong-key-order': [
    'manifest-invalid',
    { payload: (t) => t.replace('"seq":0,"prev":null', '"prev":null,"seq":0') },
  ],
  'wrong-key-more': ['manifest-invalid', { manifest: { extra: 1 } as never }],
  'wrong-whitespace': ['manifest-invalid', { payload: (t) => t.replace(':', ': ') }],
  'wrong-prev': ['manifest-invalid', { manifest: { prev: 'A'.repeat(43) } }],
  'wrong-empty-not-fin': ['manifest-invalid', { lines: [], manifest: { fin: false } }],
  'wrong-signer': ['signature-invalid', { signer: otherKey() }],
  'wrong-manifest-tampered': ['signature-invalid', { compact: (jws) => tamperManifest(jws) }],
  'wrong-body-tampered': ['root-mismatch', { record: (r) => flip(r, r.length - 20) }],
  'wrong-length': ['length-mismatch', { record: (r) => bytes(r, 'x') }],
  'wrong-size': ['size-mismatch', { enc: 'zstd', manifest: { size: plainGood.length + 1 } }],
  'wrong-size-under': [
    'size-mismatch',
    { enc: 'deflate', manifest: { size: plainGood.length - 1 } },
  ],
  'wrong-size-limit': [
    'size-mismatch',
    { enc: 'zstd', manifest: { size: 4 * 1024 * 1024 + 1, len: zstd.length } },
  ],
  'wrong-root': ['root-mismatch', { manifest: { root: 'A'.repeat(43) } }],
  'wrong-count': ['count-mismatch', { manifest: { count: 2 } }],
  'wrong-count-over': ['count-mismatch', { manifest: { count: 4 } }],
  'wrong-from': ['range-mismatch', { manifest: { from: toTime(start + 1) } }],
  'wrong-to': ['range-mismatch', { manifest: { to: toTime(start + 2999) } }],
  'wrong-from-after-to': ['range-mismatch', { manifest: { from: toTime(start + 3001) } }],
  'wrong-span': ['span-exceeded', { manifest: { to: toTime(start + 60_001) } }],
  'wrong-truncated-deflate': [
    'compression-invalid',
    { enc: 'deflate', body: deflated.subarray(0, -9) },
  ],
  'wrong-truncated-zstd': ['compression-invalid', { enc: 'zstd', body: zstd.subarray(0, -9) }],
  'wrong-bomb': ['ratio-exceeded', { plain: bombPlain, enc: 'zstd' }],
  'wrong-bomb-lying': ['size-mismatch', { enc: 'zstd', body: zlib.zstdCompressSync(bombPlain) }],
  'wrong-trailing-deflate': ['compression-invalid', { enc: 'deflate', body: bytes(deflated, 'x') }],
  'wrong-trailing-zstd': ['compression-invalid', { enc: 'zstd', body: bytes(zstd, 'x') }],
  'wrong-two-members-deflate': [
    'compression-invalid',
    { enc: 'deflate', body: bytes(deflated, deflated) },
  ],
  'wrong-two-frames-zstd': [
    'compression-invalid',
    { enc: 'zstd', body: bytes(zstd, compress(Buffer.alloc(0), 'zstd')) },
  ],
  'wrong-skippable-before': ['compression-invalid', { enc: 'zstd', body: bytes(skippable, zstd) }],
  'wrong-skippable-after': ['compression-invalid', { enc: 'zstd', body: bytes(zstd, skippable) }],
  'wrong-line-too-long': [
    'line-too-long',
    { lines: firstAnd(metadataLine(`{"a":"${'x'.repeat(65 * 1024)}"}`)) },
  ],
  'wrong-1001-events': ['lines-invalid', manyEvents(1001)],
  'wrong-empty-line': ['lines-invalid', { plain: bytes(`${good.join('\n\n')}\n`) }],
  'wrong-no-last-lf': ['lines-invalid', { plain: bytes(good.join('\n')) }],
  'wrong-line-without-id': ['id-missing', { lines: firstAnd('{"action":"a"}') }],
  'wrong-line-not-json': ['id-missing', { lines: firstAnd('not json') }],
  'wrong-id-doubled': ['id-missing', { lines: firstAnd(withSecondId('"id"')) }],
  'wrong-id-doubled-escaped': ['id-missing', { lines: firstAnd(withSecondId('"\\u0069d"')) }],
  'wrong-id-doubled-behind-fault': [
    'id-missing',
    { lines: firstAnd(bytes('\ufeff', withSecondId('"i\\u0064"', '"\\ud800":1,'))) },
  ],
  'wrong-id-not-v7': ['id-missing', { lines: firstAnd(replaceIn('-7000-', '-4000-')) }],
  'wrong-two-boms': ['id-missing', { lines: firstAnd(`\ufeff\ufeff${good[0]}`) }],
  'wrong-id-beyond-year-9999': [
    'id-missing',
    { lines: firstAnd(replaceIn((good[0] ?? '').slice(7, 20), 'ffffffff-ffff')) },
  ],
  'wrong-segment-empty': ['encoding-invalid', { compact: (jws) => jws.slice(jws.indexOf('.')) }],
  'wrong-kid-lax': [
    'header-invalid',
    swapHeader((kid) => ({ alg: 'EdDSA', typ: 'sealtrail-manifest+jwt', kid: laxLast(kid) })),
  ],
  'wrong-number-with-decimals': [
    'manifest-invalid',
    { payload: (t) => t.replace('"seq":0', '"seq":0.0') },
  ],
  'wrong-time-that-does-not-exist': [
    'manifest-invalid',
    { manifest: { sealed: '2026-02-30T00:00:00.000Z' } },
  ],
  'wrong-prev-missing': ['manifest-invalid', { manifest: { seq: 1 } }],
  'wrong-prev-and-range': [
    'manifest-invalid',
    { manifest: { prev: 'A'.repeat(43), from: toTime(start + 3001) } },
  ],
  'wrong-empty-zstd': [
    'manifest-invalid',
    { ...nothing, enc: 'zstd', body: rawFrame(Buffer.alloc(0), 0) },
  ],
  'wrong-empty-zstd-without-bytes': [
    'manifest-invalid',
    { ...nothing, enc: 'zstd', body: Buffer.alloc(0) },
  ],
  'wrong-empty-deflate': [
    'manifest-invalid',
    { ...nothing, enc: 'deflate', body: compress(Buffer.alloc(0), 'deflate') },
  ],
  'wrong-empty-with-bytes': ['manifest-invalid', { ...nothing, body: Buffer.from('x') }],
  'wrong-empty-sealed-later': [
    'manifest-invalid',
    { ...nothing, manifest: { ...nothing.manifest, sealed: toTime(start + 1) } },
  ],
  'wrong-torsion-in-r': ['signature-invalid', { sign: withTorsion }],
  'wrong-s-not-reduced': ['signature-invalid', { sign: withLargeS }],
  'wrong-window-over-8-mib': [
    'compression-invalid',
    { enc: 'zstd', body: rawFrame(plainGood, window9) },
  ],
  'wrong-frame-of-another-size': [
    'size-mismatch',
    { enc: 'zstd', body: rawFrame(plainGood, 0, plainGood.length + 1) },
  ],
  'wrong-long-line-and-empty-line': [
    'lines-invalid',
    { plain: bytes('x'.repeat(65_537), '\n\n', plainGood) },
  ],
  'wrong-long-line-and-count': [
    'count-mismatch',
    { plain: bytes('x'.repeat(65_537), '\n', plainGood) },
  ],
};

function manyEvents(n: number): Recipe {
  return {
    lines: Array.from({ length: n }, (_, i) =>
      JSON.stringify(eventAt(start + Math.min(i, 3000), i)),
    ),
    enc: 'zstd',
  };
}

function otherKey(): KeyObject {
  return createPrivateKey({
    key: Buffer.concat([
      Buffer.from('302e020100300506032b657004220420', 'hex'),
      Buffer.alloc(32, 7),
    ]),
    format: 'der',
    type: 'pkcs8',
  });
}

/** The last character of 64 bytes in base64url has four bits that no decoder reads. */
function laxLast(jws: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return jws.slice(0, -1) + alphabet.charAt(alphabet.indexOf(jws.slice(-1)) + 1);
}

function tamperManifest(jws: string): string {
  const [header = '', payload = '', signature = ''] = jws.split('.');
  const text = Buffer.from(payload, 'base64url').toString().replace('"seq":0', '"seq":1');
  const forged = text.replace('"prev":null', `"prev":"${'A'.repeat(43)}"`);
  return `${signingInput(Buffer.from(header, 'base64url').toString(), forged)}.${signature}`;
}
