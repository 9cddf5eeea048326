import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type BundleEntry,
  endEntry,
  headEntry,
  isBundle,
  readBundle,
} from '../../src/domain/bundle.ts';
import { type BatchVerdict, BundleVerifier } from '../../src/domain/verify-bundle.ts';
import { batchOf, signer } from '../fixture/batches.ts';
import { batchLine, bundleHead, bundleOf, chainOf, grantLine } from '../fixture/bundles.ts';
import { lines } from '../fixture/events.ts';
import { issuerOf } from '../fixture/issued.ts';

const now = Date.parse('2026-03-01T12:00:00.000Z');
const issuer = issuerOf();
const pins = { issuers: new Set([issuer.pin]) };
const who = signer();
const grant = grantLine(issuer.grant(who));
const chain = chainOf(who, 4, now);
const batches = chain.map((batch) => batchLine(who, batch));
const whole = bundleOf([grant], batches);

async function read(bytes: Buffer, sizes: readonly number[] = []): Promise<BundleEntry[]> {
  async function* chunks() {
    let at = 0;
    for (const size of sizes) {
      yield bytes.subarray(at, at + size);
      at += size;
    }
    yield bytes.subarray(at);
  }
  return Array.fromAsync(readBundle(chunks()));
}

async function verify(
  bytes: Buffer,
  with_: ConstructorParameters<typeof BundleVerifier>[0] = pins,
) {
  const verifier = new BundleVerifier(with_);
  const found: BatchVerdict[] = [];
  for (const entry of await read(bytes)) {
    const verdict = verifier.take(entry);
    if (verdict !== undefined) found.push(verdict);
  }
  const events = found.flatMap(({ events }) => events);
  return { batches: found.map(({ verdict }) => verdict), events, ...verifier.finish() };
}

test('a bundle is intact down to each event, and its producer without a gap to the end', async () => {
  expect(isBundle(whole)).toBe(true);
  const { batches, events, chains, file, head } = await verify(whole);
  expect(batches.map(({ kind }) => kind)).toEqual(['intact', 'intact', 'intact', 'intact']);
  expect(events).toHaveLength(12);
  expect(events[0]).toMatchObject({ kind: 'intact', place: { tenant: 'acme', seq: 0 } });
  expect(file).toEqual({ kind: 'intact' });
  expect(head).toEqual(bundleHead);
  expect(chains).toEqual([
    {
      client: who.client,
      producer: who.producer,
      first: 0,
      last: 3,
      batches: 4,
      gaps: [],
      forks: [],
      isFinished: true,
    },
  ]);
});

test('however its bytes come, it is read as the same', async () => {
  const all = await read(whole);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(700), { maxLength: 20 }), async (sizes) => {
      expect(await read(whole, sizes)).toEqual(all);
    }),
    { numRuns: 50 },
  );
});

test('without a pinned issuer nothing in it is proved', async () => {
  const { batches, events } = await verify(whole, { issuers: new Set() });
  for (const each of [...batches, ...events])
    expect(each).toMatchObject({ kind: 'incomplete', code: 'issuer-unpinned' });
});

test('cut anywhere, it is never intact, and what is whole of it still is', async () => {
  for (let length = 0; length < whole.length; length += 41) {
    const { file, batches } = await verify(whole.subarray(0, length));
    expect(file, String(length)).toMatchObject({ kind: 'incomplete', code: 'cut' });
    for (const verdict of batches) expect(verdict.kind).toBe('intact');
  }
});

test('no byte of it can be changed without being noticed, but what the service only says', async () => {
  const unsigned = /"(arrival|revokedAt|from|to|asOf|tenant)":/;
  for (let at = 0; at < whole.length; at += 13) {
    const changed = Buffer.from(whole);
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
    const { batches, file } = await verify(changed);
    const start = whole.lastIndexOf(0x0a, at - 1) + 1;
    const line = whole.subarray(start, whole.indexOf(0x0a, at)).toString();
    if (line.startsWith('{') && unsigned.test(line)) continue;
    expect(
      [file, ...batches].some(({ kind }) => kind !== 'intact'),
      `byte ${at} of ${line.slice(0, 80)}`,
    ).toBe(true);
  }
});

describe('forged or missing', () => {
  test('one event changed: its batch is forged, and no other', async () => {
    const changed = [...batches];
    const [first, second] = chain;
    if (first === undefined || second === undefined) throw new Error('no batch');
    const plain = batchOf(lines(now + 1000, 3), {
      ...second,
      prev: first.id,
      from: now + 1000,
      to: now + 1002,
      sealed: now,
      enc: 'identity',
      client: who.client,
      producer: who.producer,
    });
    changed[1] = batchLine(who, plain, (record) => {
      record.write('X', record.indexOf('refunded'));
      return record;
    });
    const found = await verify(bundleOf([grant], changed));
    expect(found.batches.map(({ kind }) => kind)).toEqual(['intact', 'forged', 'intact', 'intact']);
    expect(found.batches[1]).toMatchObject({ code: 'root-mismatch' });
    expect(found.chains[0]?.gaps).toEqual([{ from: 1, to: 1 }]);
  });

  test('a batch left out is a gap', async () => {
    const found = await verify(bundleOf([grant], batches.toSpliced(1, 2)));
    expect(found.batches.every(({ kind }) => kind === 'intact')).toBe(true);
    expect(found.chains[0]).toMatchObject({ gaps: [{ from: 1, to: 2 }], first: 0, last: 3 });
  });

  test('the last one left out is seen by its lack of an end', async () => {
    const found = await verify(bundleOf([grant], batches.slice(0, -1)));
    expect(found.chains[0]).toMatchObject({ gaps: [], isFinished: false });
  });

  test('two batches of one number, or one that follows another than is there, are a fork', async () => {
    const [first] = chain;
    const twin = batchOf(lines(now + 1000, 2), {
      client: who.client,
      producer: who.producer,
      seq: 1,
      prev: first?.id ?? null,
    });
    const found = await verify(bundleOf([grant], [...batches, batchLine(who, twin)]));
    expect(found.chains[0]?.forks).toEqual([1]);
    const swapped = await verify(bundleOf([grant], batches.with(1, batchLine(who, twin))));
    expect(swapped.chains[0]?.forks).toEqual([2]);
  });

  test('the same batch again is the same batch', async () => {
    const found = await verify(bundleOf([grant], [...batches, ...batches.slice(0, 1)]));
    expect(found).toMatchObject({ repeated: 1, file: { kind: 'intact' } });
    expect(found.chains[0]?.forks).toEqual([]);
  });

  test('a batch under a grant that is not there is not proved', async () => {
    const found = await verify(bundleOf([], batches));
    for (const verdict of found.batches)
      expect(verdict).toMatchObject({ kind: 'incomplete', code: 'grant-missing' });
  });

  test('grants of another issuer, or of another tenant than the file speaks of, are refused', async () => {
    const other = await verify(bundleOf([grantLine(issuerOf().grant(who))], batches));
    expect(other.file).toMatchObject({ kind: 'forged', code: 'issuer-other' });
    const foreign = await verify(
      bundleOf([grantLine(issuer.grant(who, { tenant: 'globex' }))], batches),
    );
    expect(foreign.file).toMatchObject({ kind: 'forged', code: 'tenant-other' });
  });

  test('a batch called by another’s id is refused', async () => {
    const renamed = Buffer.from(
      batches[0]?.toString('latin1').replace(chain[0]?.id ?? '', chain[1]?.id ?? '') ?? '',
      'latin1',
    );
    const found = await verify(bundleOf([grant], [renamed]));
    expect(found.batches[0]).toMatchObject({ kind: 'forged', code: 'batch-mismatch' });
  });

  test('a batch that arrived after its grant was revoked is not proved', async () => {
    const revoked = grantLine(issuer.grant(who, { revokedAt: now + 1500 }));
    const found = await verify(bundleOf([revoked], batches));
    expect(found.batches.map((each) => ('code' in each ? each.code : each.kind))).toEqual([
      'intact',
      'intact',
      'revoked',
      'revoked',
    ]);
  });

  test('a revocation that was seen while the file was made counts for what follows, and is not taken back', async () => {
    const revoked = grantLine(issuer.grant(who, { revokedAt: now + 1500 }));
    const [first, second, ...rest] = batches;
    const whole = [first, second, revoked, grant, ...rest].filter((each) => each !== undefined);
    const bytes = Buffer.concat([headEntry(bundleHead), grant, ...whole, endEntry({ batches: 4 })]);
    const found = await verify(bytes);
    expect(found.batches.map((each) => ('code' in each ? each.code : each.kind))).toEqual([
      'intact',
      'intact',
      'revoked',
      'revoked',
    ]);
  });

  test.each([
    ['something behind its end', () => Buffer.concat([whole, grant])],
    ['two beginnings', () => Buffer.concat([headEntry(bundleHead), whole])],
    ['no beginning', () => whole.subarray(whole.indexOf(0x0a) + 1)],
    [
      'a line of another kind',
      () => Buffer.concat([headEntry(bundleHead), Buffer.from('{"a":1}\n')]),
    ],
    [
      'a line with one member twice',
      () =>
        Buffer.concat([headEntry(bundleHead), Buffer.from('{"end":{"batches":0,"batches":0}}\n')]),
    ],
    [
      'a line without an end',
      () => Buffer.concat([headEntry(bundleHead), Buffer.alloc(100_000, 'x')]),
    ],
  ])('%s', async (_, make) => {
    expect((await verify(make())).file).toMatchObject({ kind: 'forged', code: 'malformed' });
  });

  test('an end that speaks of more batches than are there', async () => {
    const bytes = Buffer.concat([
      headEntry(bundleHead),
      grant,
      ...batches.slice(0, 3),
      endEntry({ batches: 4 }),
    ]);
    expect((await verify(bytes)).file).toMatchObject({ kind: 'incomplete', code: 'cut' });
  });
});
