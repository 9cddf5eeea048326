/** Bundles of every kind, right and wrong (FORMAT.md, section 9). */
import { type BundleHead, batchEntry, endEntry, headEntry } from '../../src/domain/bundle.ts';
import { fromTime, toTime } from '../../src/domain/encoding.ts';
import type { Batch } from '../../src/domain/seal.ts';
import type { Signer } from '../fixture/batches.ts';
import { grantLine } from '../fixture/bundles.ts';
import { eventAt, start } from './build.ts';
import {
  billing,
  crm,
  eventLines,
  forger,
  grantOf,
  house,
  impostor,
  reader,
  sealed,
  signed,
  tampered,
} from './parties.ts';

type Kind = 'intact' | 'incomplete' | 'forged';
export interface BundleVector {
  readonly bundle: Buffer;
  /** Of all of it: the worst of the file, each batch and each chain. */
  readonly expect: Kind;
  readonly file: string;
  /** Of each batch that can be read, in the order of the file: `intact`, or `<kind>: <code>`. */
  readonly batches: readonly string[];
  /** Of each producer: `<client> <first>-<last>`, and what is wrong in it. */
  readonly chains: readonly string[];
  readonly pins?: { readonly issuers: readonly string[]; readonly tenant?: string };
}

const head: BundleHead = {
  sealtrail: 'bundle',
  v: 1,
  tenant: 'acme',
  from: '2026-01-15T00:00:00.000Z',
  to: '2026-01-17T00:00:00.000Z',
  asOf: '2026-01-18T00:00:00.000Z',
};

/** A producer's batches of two events, a second apart, and an empty one that says that it ends. */
function chain(who: Signer, count: number): Batch[] {
  const batches: Batch[] = [];
  for (let seq = 0; seq < count; seq++) {
    const isLast = seq === count - 1;
    const prev = batches.at(-1)?.id ?? null;
    const at = start + seq * 1000;
    const lines = isLast ? [] : eventLines(2, at, seq);
    const over = { seq, prev, fin: isLast, sealed: at + 500 };
    batches.push(sealed(who, lines, isLast ? { ...over, from: at + 500, to: at + 500 } : over));
  }
  return batches;
}

/** `arrival` is half a second after the last event, unless it is said otherwise. */
function entry(who: Signer, batch: Batch, change = (record: Buffer) => record, name = batch.id) {
  const arrival = toTime((fromTime(batch.to) ?? 0) + 500);
  return batchEntry({ batch: name, arrival, record: change(signed(who, batch)) });
}

const four = chain(billing, 4);
const three = chain(crm, 3);
const [b0, b1, b2, b3] = four.map((batch) => entry(billing, batch)) as [
  Buffer,
  Buffer,
  Buffer,
  Buffer,
];
const [c0, c1, c2] = three.map((batch) => entry(crm, batch)) as [Buffer, Buffer, Buffer];
const grants = [grantLine(grantOf(billing)), grantLine(grantOf(crm))];
const [billingGrant, crmGrant] = grants as [Buffer, Buffer];
const all = [b0, c0, b1, c1, b2, c2, b3];

const bundle = (
  batches: readonly Buffer[] = all,
  before: readonly Buffer[] = grants,
  count = batches.length,
) => Buffer.concat([headEntry(head), ...before, ...batches, endEntry({ batches: count })]);
const whole = bundle();
const wholeChains = ['billing 0-3 finished', 'crm 0-2 finished'];
const intact = (n: number) => Array.from({ length: n }, () => 'intact');
const right = {
  expect: 'intact',
  file: 'intact',
  batches: intact(7),
  chains: wholeChains,
} as const;

const bodyAt = (record: Buffer) => record.indexOf(0x0a) + 1;
/** One letter of the first event changed. */
const oneLetter = (record: Buffer) => {
  record.write('X', record.indexOf('refunded', bodyAt(record)));
  return record;
};
const otherManifest = (record: Buffer) => {
  const jws = tampered(record.toString('latin1', 0, bodyAt(record) - 1), '"seq":1', '"seq":5');
  return Buffer.concat([Buffer.from(`${jws}\n`, 'latin1'), record.subarray(bodyAt(record))]);
};
/** The batch at 1 of `billing` is another one; its producer then lacks it. */
const instead = (changed: Buffer) => all.with(2, changed);
const without1 = ['billing 0-3 finished gaps 1-1', 'crm 0-2 finished'];
const spoilt = (code: string) => ({
  expect: 'forged' as const,
  file: 'intact',
  batches: intact(7).with(2, `forged: ${code}`),
  chains: without1,
});
const twin = sealed(billing, eventLines(1, start + 1000, 7), { seq: 1, prev: four[0]?.id ?? null });
const after = sealed(billing, eventLines(1, start + 9000, 8), {
  seq: 4,
  prev: four[3]?.id ?? null,
});
const second = four[1] as Batch;
const lengthOf = (bytes: Buffer, by: number) =>
  Buffer.from(
    bytes.toString('latin1').replace(/"bytes":(\d+)/, (_, n) => `"bytes":${Number(n) + by}`),
    'latin1',
  );

/** The first line of an entry, without its LF, changed. */
const lineChanged = (bytes: Buffer, change: (text: string) => string) => {
  const end = bytes.indexOf(0x0a);
  return Buffer.concat([Buffer.from(change(bytes.toString('utf8', 0, end))), bytes.subarray(end)]);
};
const far = sealed(billing, eventLines(1, start + 9000, 9), { seq: 9, prev: 'A'.repeat(43) });
const readerGrant = grantLine(grantOf(reader, { via: 'service' }));
/** A batch as the read API makes them: a producer of its own. */
const reads = (action: string) => {
  const line = Buffer.from(JSON.stringify(eventAt(start, 0, { action })));
  return entry(reader, sealed(reader, [line], { fin: true }));
};
const revokedCrm = grantLine(grantOf(crm, { revokedAt: start + 100 }));

export const bundleVectors: Record<string, BundleVector> = {
  'intact-two-producers': { ...right, bundle: whole },
  'intact-revoked-later': {
    ...right,
    bundle: bundle(all, [billingGrant, grantLine(grantOf(crm, { revokedAt: start + 3_000_000 }))]),
  },
  'intact-a-part-of-a-chain': {
    ...right,
    bundle: bundle([b1, b2]),
    batches: intact(2),
    chains: ['billing 1-2 open'],
  },
  'intact-a-batch-twice': { ...right, bundle: bundle([...all, b0]), batches: intact(8) },

  'intact-white-space-and-order': {
    ...right,
    bundle: bundle(
      instead(
        lineChanged(
          b1,
          (text) =>
            `{ "bytes" : ${/"bytes":(\d+)/.exec(text)?.[1]}, "arrival" : ${/"arrival":("[^"]+")/.exec(text)?.[1]}, "batch" : "${second.id}" }`,
        ),
      ),
    ),
  },
  'intact-issuer-key-as-jwks': {
    ...right,
    bundle: bundle(all, [
      lineChanged(billingGrant, (text) =>
        text.replace('"kty":"OKP"', `"kid":"${house.pin}","alg":"EdDSA","use":"sig","kty":"OKP"`),
      ),
      crmGrant,
    ]),
  },
  'intact-reads-recorded': {
    ...right,
    bundle: bundle([...all, reads('audit.log.read')], [...grants, readerGrant]),
    batches: intact(8),
    chains: [...wholeChains, 'sealtrail.read 0-0 finished'],
  },
  'incomplete-revoked-while-made': {
    ...right,
    bundle: bundle([c0, b0, revokedCrm, c1, b1, c2, b2, b3], grants, 7),
    expect: 'incomplete',
    batches: intact(7).with(2, 'incomplete: revoked').with(4, 'incomplete: revoked'),
  },
  'incomplete-revocation-taken-back': {
    ...right,
    bundle: bundle([c0, b0, revokedCrm, crmGrant, c1, b1, c2, b2, b3], grants, 7),
    expect: 'incomplete',
    batches: intact(7).with(2, 'incomplete: revoked').with(4, 'incomplete: revoked'),
  },
  'incomplete-gap-behind-its-end': {
    ...right,
    bundle: bundle([...all, entry(billing, far)]),
    expect: 'incomplete',
    batches: intact(8),
    chains: ['billing 0-9 open gaps 4-8', 'crm 0-2 finished'],
  },
  'incomplete-cut-in-its-first-line': {
    ...right,
    bundle: headEntry(head).subarray(0, 40),
    expect: 'incomplete',
    file: 'incomplete: cut',
    batches: [],
    chains: [],
  },
  'incomplete-without-a-byte': {
    ...right,
    bundle: Buffer.alloc(0),
    expect: 'incomplete',
    file: 'incomplete: cut',
    batches: [],
    chains: [],
  },
  'forged-first-line-with-white-space': {
    expect: 'forged',
    file: 'forged: malformed',
    bundle: lineChanged(whole, (text) => text.replace('{"sealtrail":', '{"sealtrail": ')),
    batches: [],
    chains: [],
  },
  'forged-no-first-line': {
    ...right,
    expect: 'forged',
    file: 'forged: malformed',
    bundle: whole.subarray(headEntry(head).length),
  },
  'forged-key-twice': {
    expect: 'forged',
    file: 'forged: malformed',
    bundle: bundle(instead(lineChanged(b1, (text) => text.replace('{', '{"bytes":1,')))),
    batches: intact(2),
    chains: ['billing 0-0 open', 'crm 0-0 open'],
  },
  'forged-bytes-over-256-kib': {
    expect: 'forged',
    file: 'forged: malformed',
    bundle: bundle(
      instead(lineChanged(b1, (text) => text.replace(/"bytes":\d+/, '"bytes":262145'))),
    ),
    batches: intact(2),
    chains: ['billing 0-0 open', 'crm 0-0 open'],
  },
  'forged-line-over-8-kib': {
    expect: 'forged',
    file: 'forged: malformed',
    bundle: bundle(instead(lineChanged(b1, (text) => text.padEnd(8193)))),
    batches: intact(2),
    chains: ['billing 0-0 open', 'crm 0-0 open'],
  },
  'intact-line-of-8-kib': {
    ...right,
    bundle: bundle(instead(lineChanged(b1, (text) => text.padEnd(8192)))),
  },
  'forged-time-that-does-not-exist': {
    expect: 'forged',
    file: 'forged: malformed',
    bundle: bundle(
      instead(
        lineChanged(b1, (text) => text.replace('"arrival":"2026-01-', '"arrival":"2026-13-')),
      ),
    ),
    batches: intact(2),
    chains: ['billing 0-0 open', 'crm 0-0 open'],
  },
  'forged-action-of-an-application': {
    ...right,
    expect: 'forged',
    bundle: bundle([...all, reads('invoice.refunded')], [...grants, readerGrant]),
    batches: [...intact(7), 'forged: action-forbidden'],
  },

  'incomplete-issuer-unpinned': {
    ...right,
    bundle: whole,
    expect: 'incomplete',
    batches: intact(7).fill('incomplete: issuer-unpinned'),
    pins: { issuers: [] },
  },
  'incomplete-none': {
    ...right,
    bundle: bundle([], []),
    expect: 'incomplete',
    file: 'incomplete: empty',
    batches: [],
    chains: [],
  },
  'incomplete-revoked': {
    ...right,
    bundle: bundle(all, [billingGrant, grantLine(grantOf(crm, { revokedAt: start + 1510 }))]),
    expect: 'incomplete',
    batches: [...intact(3), 'incomplete: revoked', 'intact', 'incomplete: revoked', 'intact'],
  },
  'incomplete-grant-missing': {
    ...right,
    bundle: bundle(all, [billingGrant]),
    expect: 'incomplete',
    batches: all.map((each) =>
      [c0, c1, c2].includes(each) ? 'incomplete: grant-missing' : 'intact',
    ),
    chains: wholeChains.slice(0, 1),
  },
  'incomplete-grant-behind-its-batch': {
    ...right,
    bundle: bundle([b0, b1, b2, b3, c0, crmGrant, c1, c2], [billingGrant], 7),
    expect: 'incomplete',
    batches: intact(7).with(4, 'incomplete: grant-missing'),
    chains: ['billing 0-3 finished', 'crm 1-2 finished'],
  },
  'incomplete-gap': {
    ...right,
    bundle: bundle(all.toSpliced(2, 1)),
    expect: 'incomplete',
    batches: intact(6),
    chains: without1,
  },
  'incomplete-fork': {
    ...right,
    bundle: bundle([...all, entry(billing, twin)]),
    expect: 'incomplete',
    batches: intact(8),
    chains: ['billing 0-3 finished forks 1', 'crm 0-2 finished'],
  },
  'incomplete-other-predecessor': {
    ...right,
    bundle: bundle(instead(entry(billing, twin))),
    expect: 'incomplete',
    chains: ['billing 0-3 finished forks 2', 'crm 0-2 finished'],
  },
  'incomplete-behind-its-end': {
    ...right,
    bundle: bundle([...all, entry(billing, after)]),
    expect: 'incomplete',
    batches: intact(8),
    chains: ['billing 0-4 open forks 4', 'crm 0-2 finished'],
  },
  'incomplete-cut-in-a-batch': {
    ...right,
    bundle: whole.subarray(0, whole.length - 300),
    expect: 'incomplete',
    file: 'incomplete: cut',
    batches: intact(6),
    chains: ['billing 0-2 open', 'crm 0-2 finished'],
  },
  'incomplete-cut-between-batches': {
    ...right,
    bundle: whole.subarray(0, whole.length - endEntry({ batches: 7 }).length),
    expect: 'incomplete',
    file: 'incomplete: cut',
  },
  'incomplete-fewer-than-its-end-says': {
    ...right,
    bundle: bundle(all.slice(0, -1), grants, 7),
    expect: 'incomplete',
    file: 'incomplete: cut',
    batches: intact(6),
    chains: ['billing 0-2 open', 'crm 0-2 finished'],
  },
  'incomplete-empty': {
    ...right,
    bundle: headEntry(head),
    expect: 'incomplete',
    file: 'incomplete: cut',
    batches: [],
    chains: [],
  },

  'forged-line-changed': {
    ...spoilt('root-mismatch'),
    bundle: bundle(instead(entry(billing, second, oneLetter))),
  },
  'forged-manifest-changed': {
    ...spoilt('batch-mismatch'),
    bundle: bundle(instead(entry(billing, second, otherManifest))),
  },
  'forged-manifest-signer': {
    ...spoilt('signature-invalid'),
    bundle: bundle(instead(entry(impostor, second))),
  },
  'forged-batch-renamed': {
    ...spoilt('batch-mismatch'),
    bundle: bundle(instead(entry(billing, second, undefined, four[2]?.id))),
  },
  'forged-other-grant': {
    ...spoilt('signature-invalid'),
    bundle: bundle(instead(entry({ ...billing, grantId: crm.grantId }, second))),
  },
  'forged-client-of-another': {
    ...spoilt('client-mismatch'),
    bundle: bundle(instead(entry({ ...crm, client: 'billing' }, second))),
  },
  'forged-grant-ended': {
    expect: 'forged',
    file: 'intact',
    bundle: bundle(all, [billingGrant, grantLine(grantOf(crm, { exp: start / 1000 - 900 }))]),
    batches: all.map((each) => ([c0, c1, c2].includes(each) ? 'forged: grant-expired' : 'intact')),
    chains: wholeChains.slice(0, 1),
  },
  'forged-own-issuer': {
    expect: 'forged',
    file: 'forged: issuer-other',
    bundle: bundle(all, [billingGrant, grantLine(grantOf(crm, {}, forger))]),
    batches: all.map((each) =>
      [c0, c1, c2].includes(each) ? 'incomplete: grant-missing' : 'intact',
    ),
    chains: wholeChains.slice(0, 1),
  },
  'forged-two-tenants': {
    expect: 'forged',
    file: 'forged: tenant-other',
    bundle: bundle(all, [billingGrant, grantLine(grantOf(crm, { tenant: 'globex' }))]),
    batches: all.map((each) =>
      [c0, c1, c2].includes(each) ? 'incomplete: grant-missing' : 'intact',
    ),
    chains: wholeChains.slice(0, 1),
  },
  'forged-length-short': {
    expect: 'forged',
    file: 'forged: malformed',
    bundle: bundle(instead(lengthOf(b1, -1))),
    batches: ['intact', 'intact', 'forged: length-mismatch'],
    chains: ['billing 0-0 open', 'crm 0-0 open'],
  },
  'forged-length-long': {
    expect: 'forged',
    file: 'forged: malformed',
    bundle: bundle(instead(lengthOf(b1, 1))),
    batches: intact(2),
    chains: ['billing 0-0 open', 'crm 0-0 open'],
  },
  'forged-behind-the-end': {
    ...right,
    expect: 'forged',
    file: 'forged: malformed',
    bundle: Buffer.concat([whole, billingGrant]),
  },
  'forged-two-beginnings': {
    ...right,
    expect: 'forged',
    file: 'forged: malformed',
    bundle: Buffer.concat([headEntry(head), whole]),
  },
  'forged-member-more': {
    expect: 'forged',
    file: 'forged: malformed',
    bundle: bundle(
      instead(
        Buffer.from(b1.toString('latin1').replace('{"batch"', '{"trust":1,"batch"'), 'latin1'),
      ),
    ),
    batches: intact(2),
    chains: ['billing 0-0 open', 'crm 0-0 open'],
  },
};
