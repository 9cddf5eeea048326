/** Proofs of every kind, right and wrong (FORMAT.md, section 8). */
import { sign } from 'node:crypto';
import { toTime } from '../../src/domain/encoding.ts';
import { grantHeader } from '../../src/domain/grant.ts';
import { signJws } from '../../src/domain/jws.ts';
import { makeProof, type Proof } from '../../src/domain/proof.ts';
import { eventAt, start } from './build.ts';
import { withTorsion } from './odd-signatures.ts';
import {
  billing,
  changed,
  crm,
  eventLines,
  forger,
  grantOf,
  house,
  impostor,
  manifestIn,
  reader,
  sealed,
  signed,
  tampered,
} from './parties.ts';

export interface ProofVector {
  /** Its text, if it is not simply written as JSON. */
  readonly proof: unknown;
  readonly expect: 'intact' | 'incomplete' | 'forged';
  readonly code?: string;
  /** What is pinned, if not the issuer of the house alone. */
  readonly pins?: { readonly issuers: readonly string[]; readonly tenant?: string };
}

const five = eventLines(5);
const ms = 1000;

/** A proof of one of five events, true but for what is said. */
function proved({
  lines = five,
  index = 2,
  arrival = start + ms,
  grant = grantOf(billing),
  by = billing,
  batch = {},
}: {
  lines?: Buffer[];
  index?: number;
  arrival?: number;
  grant?: ReturnType<typeof grantOf>;
  by?: typeof billing;
  batch?: Parameters<typeof sealed>[2];
} = {}): Proof {
  const manifest = manifestIn(signed(by, sealed(by, lines, batch)));
  return makeProof({ lines, index, manifest, grant, arrival });
}

const good = proved();
const without = (name: keyof Proof) =>
  Object.fromEntries(Object.entries(good).filter(([key]) => key !== name));
const line = (value: object) => Buffer.from(JSON.stringify(value));
const one = { from: start, to: start, sealed: start };
const forged = (code: string, proof: unknown): ProofVector => ({ expect: 'forged', code, proof });
const twoIds = Buffer.from(
  JSON.stringify(eventAt(start, 0)).replace(/\}$/, `,"i\\u0064":"${eventAt(start, 1).id}"}`),
);
const withReason = proved({ lines: [line(eventAt(start, 0, { reason: 'x' }))], index: 0 });
const incomplete = (code: string, proof: unknown): ProofVector => ({
  expect: 'incomplete',
  code,
  proof,
});

/** Its holder's key is the neutral point: R = that point and S = 0 then hold for every message (RFC 8032 §5.1.7). */
function smallOrder(): Proof {
  const neutral = (rest: number) => Buffer.concat([Buffer.of(1), Buffer.alloc(rest)]);
  const x = neutral(31).toString('base64url');
  const payload = JSON.parse(Buffer.from(good.grant.split('.')[1] ?? '', 'base64url').toString());
  const cnf = { jwk: { kty: 'OKP', crv: 'Ed25519', x } };
  const grant = signJws(
    grantHeader(house.pin),
    JSON.stringify({ ...payload, cnf }),
    house.key.privateKey,
  );
  const manifest = good.manifest.split('.').with(2, neutral(63).toString('base64url')).join('.');
  return { ...good, grant, manifest };
}

/** Under a grant that the issuer signed, whatever its payload says. */
const granted = (
  change: (text: string) => string | Buffer,
  header = grantHeader(house.pin),
): Proof => {
  const text = Buffer.from(good.grant.split('.')[1] ?? '', 'base64url').toString();
  const input = `${b64(header)}.${b64(change(text))}`;
  const signature = sign(null, Buffer.from(input), house.key.privateKey);
  return { ...good, grant: `${input}.${signature.toString('base64url')}` };
};
const b64 = (bytes: string | Buffer) => Buffer.from(bytes).toString('base64url');
const replaced = (find: string, by: string) => (text: string) => text.replace(find, by);

/** What the read API seals under its own client. */
const read = (event: object) =>
  proved({
    lines: [line(event)],
    index: 0,
    by: reader,
    grant: grantOf(reader, { via: 'service' }),
    batch: one,
  });
const recorded = eventAt(start, 0, { action: 'audit.log.read' });

const textOf = (proof: unknown) => Buffer.from(JSON.stringify(proof));
const asJwks = { ...house.key.jwk, kid: house.pin, alg: 'EdDSA', use: 'sig' };
const withKey = (more: object) => ({ ...good, issuerKey: { ...asJwks, ...more } });
const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)]);
function notUtf8(): Buffer {
  const bytes = textOf(withKey({ note: '?' }));
  bytes[bytes.lastIndexOf('?')] = 0xff;
  return bytes;
}
const torsion = (): Proof => {
  const input = good.manifest.slice(0, good.manifest.lastIndexOf('.'));
  const signature = withTorsion(Buffer.from(input), billing.key);
  return { ...good, manifest: `${input}.${signature.toString('base64url')}` };
};

export const proofVectors: Record<string, ProofVector> = {
  'intact-first': { expect: 'intact', proof: proved({ index: 0 }) },
  'intact-middle': { expect: 'intact', proof: good },
  'intact-last': { expect: 'intact', proof: proved({ index: 4 }) },
  'intact-alone': { expect: 'intact', proof: proved({ lines: five.slice(0, 1), index: 0 }) },
  'intact-faulty-line': {
    expect: 'intact',
    proof: proved({ lines: [line(eventAt(start, 0, { typo: 1 }))], index: 0 }),
  },
  'intact-arrived-before-revocation': {
    expect: 'intact',
    proof: proved({ grant: grantOf(billing, { revokedAt: start + ms + 1 }) }),
  },
  'intact-sent-a-day-later': {
    expect: 'intact',
    proof: proved({
      grant: grantOf(billing, { iat: start / 1000 + 86_400, exp: start / 1000 + 90_000 }),
      arrival: start + 86_500_000,
    }),
  },

  'incomplete-issuer-unpinned': {
    ...incomplete('issuer-unpinned', good),
    pins: { issuers: [] },
  },
  'incomplete-own-issuer-unpinned': {
    ...incomplete('issuer-unpinned', proved({ grant: grantOf(billing, {}, forger) })),
    pins: { issuers: [] },
  },
  'incomplete-no-line': incomplete('member-missing', without('line')),
  'incomplete-no-path': incomplete('member-missing', without('path')),
  'incomplete-no-grant': incomplete('member-missing', without('grant')),
  'incomplete-no-issuer-key': incomplete('member-missing', without('issuerKey')),
  'incomplete-no-revocation': incomplete('member-missing', without('revocation')),
  'incomplete-revoked': incomplete(
    'revoked',
    proved({ grant: grantOf(billing, { revokedAt: start + ms }) }),
  ),

  'forged-line-changed': forged('root-mismatch', {
    ...good,
    line: Buffer.from(String(five[2]).replace('success', 'failure')).toString('base64url'),
  }),
  'forged-path-of-another-leaf': forged('root-mismatch', {
    ...good,
    path: proved({ index: 3 }).path,
  }),
  'forged-index': forged('root-mismatch', { ...good, index: 3 }),
  'forged-index-beyond': forged('root-mismatch', { ...good, index: 5 }),
  'forged-path-short': forged('root-mismatch', { ...good, path: good.path.slice(1) }),
  'forged-path-long': forged('root-mismatch', {
    ...good,
    path: [...good.path, ...good.path.slice(0, 1)],
  }),
  'forged-node-as-line': forged('root-mismatch', {
    ...good,
    line: good.path[0],
    path: good.path.slice(1),
    index: 1,
  }),
  'forged-manifest-changed': forged('signature-invalid', {
    ...good,
    manifest: tampered(good.manifest, '"client":"billing"', '"client":"billinG"'),
  }),
  'forged-manifest-signature': forged('signature-invalid', {
    ...good,
    manifest: changed(good.manifest, good.manifest.length - 20),
  }),
  'forged-manifest-signer': forged('signature-invalid', {
    ...good,
    manifest: proved({ by: impostor }).manifest,
  }),
  'forged-manifest-members-swapped': forged('manifest-invalid', {
    ...good,
    manifest: tampered(good.manifest, '"seq":0,"prev":null', '"prev":null,"seq":0'),
  }),
  'forged-other-grant': forged('grant-other', { ...good, grant: grantOf(crm).jwt }),
  'forged-other-client': forged(
    'client-mismatch',
    proved({ grant: grantOf(billing, { sub: 'crm' }) }),
  ),
  'forged-grant-ended': forged(
    'grant-expired',
    proved({ grant: grantOf(billing, { exp: start / 1000 - 1201 }) }),
  ),
  'forged-arrived-after-grant': forged('grant-expired', {
    ...good,
    arrival: toTime(start - 60_000 + 3_600_000 + 900_001),
  }),
  'forged-arrived-before-events': forged('clock-ahead', {
    ...good,
    arrival: toTime(start - 300_000),
  }),
  'forged-grant-changed': forged('grant-invalid', {
    ...good,
    grant: tampered(good.grant, '"acme"', '"evil"'),
  }),
  'forged-grant-signer': forged('grant-invalid', {
    ...good,
    grant: signJws(
      grantHeader(house.pin),
      Buffer.from(good.grant.split('.')[1] ?? '', 'base64url').toString(),
      forger.key.privateKey,
    ),
  }),
  'forged-own-issuer': forged('issuer-other', proved({ grant: grantOf(billing, {}, forger) })),
  'forged-issuer-key': forged('issuer-key-mismatch', { ...good, issuerKey: forger.key.jwk }),
  'forged-small-order-key': forged('grant-invalid', smallOrder()),
  'forged-manifest-as-grant': forged('grant-invalid', { ...good, grant: good.manifest }),
  'forged-grant-as-manifest': forged('header-invalid', { ...good, manifest: good.grant }),
  'forged-other-tenant': {
    ...forged('tenant-other', good),
    pins: { issuers: [house.pin], tenant: 'globex' },
  },
  'forged-time-outside-batch': forged(
    'range-mismatch',
    proved({ batch: { from: start - 1000, to: start - 500 } }),
  ),
  'forged-two-lines-as-one': forged(
    'lines-invalid',
    proved({
      lines: [Buffer.concat([line(eventAt(start, 0)), Buffer.from('\n')])],
      index: 0,
      batch: one,
    }),
  ),
  'forged-line-without-id': forged(
    'id-missing',
    proved({ lines: [line({ time: toTime(start) })], index: 0, batch: one }),
  ),
  'forged-line-with-two-ids': forged(
    'id-missing',
    proved({ lines: [twoIds], index: 0, batch: one }),
  ),
  'forged-base64url-lax': forged('encoding-invalid', {
    ...withReason,
    line: laxLast(withReason.line),
  }),
  'forged-member-more': forged('malformed', { ...good, trust: 'me' }),
  'forged-version': forged('malformed', { ...good, v: 2 }),

  'intact-issuer-key-as-jwks': { expect: 'intact', proof: withKey({}) },
  'intact-index-with-decimals': {
    expect: 'intact',
    proof: Buffer.from(JSON.stringify(good).replace('"index":2', '"index":2.0')),
  },
  'intact-white-space-and-order': {
    expect: 'intact',
    proof: Buffer.from(
      JSON.stringify(Object.fromEntries(Object.entries(good).toReversed()), null, 2),
    ),
  },
  'intact-via-gateway': {
    expect: 'intact',
    proof: proved({ grant: grantOf(billing, { via: 'gateway' }) }),
  },
  'intact-via-service': {
    expect: 'intact',
    proof: proved({ grant: grantOf(billing, { via: 'service' }) }),
  },
  'intact-grant-ends-in-9999': {
    expect: 'intact',
    proof: proved({ grant: grantOf(billing, { exp: 253_402_300_799 }) }),
  },
  'intact-read-recorded': { expect: 'intact', proof: read(recorded) },
  'intact-viewer-created': {
    expect: 'intact',
    proof: read({ ...recorded, action: 'audit.viewer.create' }),
  },
  'intact-32-deep': { expect: 'intact', proof: textOf(withKey({ note: deep(30) })) },

  'incomplete-no-version': incomplete('member-missing', without('v')),
  'incomplete-no-index': incomplete('member-missing', without('index')),
  'incomplete-no-manifest': incomplete('member-missing', without('manifest')),
  'incomplete-no-arrival': incomplete('member-missing', without('arrival')),
  'incomplete-nothing': incomplete('member-missing', {}),
  'incomplete-no-grant-and-another-index': incomplete('member-missing', {
    ...without('grant'),
    index: 3,
  }),
  'incomplete-no-arrival-and-line-changed': incomplete('member-missing', {
    ...without('arrival'),
    line: Buffer.from('x').toString('base64url'),
  }),

  'forged-no-grant-and-index-of-another-form': forged('malformed', {
    ...without('grant'),
    index: -1,
  }),
  'forged-no-object': forged('malformed', [good]),
  'forged-arrival-null': forged('malformed', { ...good, arrival: null }),
  'forged-arrival-that-does-not-exist': forged('malformed', {
    ...good,
    arrival: '2026-02-30T00:00:00.000Z',
  }),
  'forged-issuer-key-without-its-type': forged('malformed', {
    ...good,
    issuerKey: { crv: 'Ed25519', x: house.key.jwk.x },
  }),
  'forged-grant-tenant-twice': forged(
    'grant-invalid',
    granted(replaced('"tenant":', '"tenant":"evil","tenant":')),
  ),
  'forged-grant-members-swapped': forged(
    'grant-invalid',
    granted(replaced('"sub":"billing","tenant":"acme"', '"tenant":"acme","sub":"billing"')),
  ),
  'forged-grant-white-space': forged('grant-invalid', granted(replaced(':', ': '))),
  'forged-grant-escape': forged('grant-invalid', granted(replaced('"acme"', '"\\u0061cme"'))),
  'forged-grant-member-more': forged('grant-invalid', granted(replaced('{', '{"admin":true,'))),
  'forged-grant-without-via': forged('grant-invalid', granted(replaced(',"via":"sdk"', ''))),
  'forged-grant-via-of-another-name': forged(
    'grant-invalid',
    granted(replaced('"sdk"', '"browser"')),
  ),
  'forged-grant-end-beyond-9999': forged(
    'grant-invalid',
    granted((text) => text.replace(/"exp":\d+/, '"exp":253402300800')),
  ),
  'forged-grant-end-with-exponent': forged(
    'grant-invalid',
    granted((text) => text.replace(/"exp":\d+/, '"exp":1e12')),
  ),
  'forged-grant-no-retention': forged(
    'grant-invalid',
    granted(replaced('"retentionDays":365', '"retentionDays":0')),
  ),
  'forged-grant-no-shards': forged('grant-invalid', granted(replaced('"shards":1', '"shards":0'))),
  'forged-grant-utf8': forged(
    'grant-invalid',
    granted((text) => Buffer.from(text.replace('sealtrail/test', 'sealtrail/t\xffst'), 'latin1')),
  ),
  'forged-grant-kid-lax': forged(
    'grant-invalid',
    granted((text) => text, grantHeader(laxLast(house.pin))),
  ),
  'forged-torsion-in-r': forged('signature-invalid', torsion()),
  'forged-action-of-an-application': forged(
    'action-forbidden',
    read(eventAt(start, 0, { action: 'invoice.refunded' })),
  ),
  'forged-read-that-is-no-event': forged('action-forbidden', read({ ...recorded, typo: 1 })),
  'forged-action-twice': forged(
    'action-forbidden',
    proved({
      lines: [
        Buffer.from(
          JSON.stringify(recorded).replace('"action":', '"action":"key.create","action":'),
        ),
      ],
      index: 0,
      by: reader,
      grant: grantOf(reader, { via: 'service' }),
      batch: one,
    }),
  ),
  'forged-line-id-beyond-9999': forged(
    'id-missing',
    proved({
      lines: [line({ ...eventAt(start, 0), id: 'ffffffff-ffff-7000-8000-000000000000' })],
      index: 0,
      batch: one,
    }),
  ),

  'forged-json-key-twice': forged(
    'malformed',
    Buffer.from(JSON.stringify(good).replace('{', '{"v":1,')),
  ),
  'forged-json-bom': forged('malformed', Buffer.concat([Buffer.from('\ufeff'), textOf(good)])),
  'forged-json-utf8': forged('malformed', notUtf8()),
  'forged-json-surrogate': forged(
    'malformed',
    Buffer.from(JSON.stringify(withKey({ note: '?' })).replace('"?"', '"\\ud800"')),
  ),
  'forged-json-33-deep': forged('malformed', textOf(withKey({ note: deep(31) }))),
  'forged-json-brackets': forged('malformed', Buffer.alloc(200_000, '[')),
  'forged-text-over-256-kib': forged(
    'malformed',
    Buffer.concat([textOf(good), Buffer.alloc(262_145 - textOf(good).length, ' ')]),
  ),
  'intact-text-of-256-kib': {
    expect: 'intact',
    proof: Buffer.concat([textOf(good), Buffer.alloc(262_144 - textOf(good).length, ' ')]),
  },
};

/** The last letter has bits that a lax decoder does not read. */
function laxLast(text: string): string {
  if (text.length % 4 === 0) throw new TypeError('this text has no such bits');
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return text.slice(0, -1) + alphabet.charAt(alphabet.indexOf(text.slice(-1)) + 1);
}
