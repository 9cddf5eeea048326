import { describe, expect, test, vi } from 'vitest';
import { checkEvent } from '../../src/console/model/check-event.ts';
import { ApiProblem } from '../../src/console/page/api.ts';
import { fromBase64url } from '../../src/console/proof/bytes.ts';
import { type Kept, readPins, writePins } from '../../src/console/proof/pins.ts';
import { type ProofFile, proofsIn } from '../../src/console/proof/proof-file.ts';
import { keyBytes, thumbprint } from '../../src/console/proof/public-key.ts';
import { type Known, verifyProof } from '../../src/console/proof/verify-proof.ts';
import { generateKey, thumbprint as nodeThumbprint } from '../../src/domain/ed25519.ts';
import { sha256 } from '../../src/domain/encoding.ts';
import { grantHeader, grantPayload } from '../../src/domain/grant.ts';
import { signJws } from '../../src/domain/jws.ts';
import { merklePath } from '../../src/domain/merkle.ts';
import { signBatch } from '../../src/domain/seal.ts';
import { batchOf } from '../fixture/batches.ts';
import { lines } from '../fixture/events.ts';

const now = 1_700_000_000_000;
const issuer = generateKey();
const client = generateKey();
const grantId = sha256('a grant').toString('base64url');
const issuerId = nodeThumbprint(issuer.jwk);

function grantOf(over: object = {}, key = issuer): string {
  const payload = grantPayload({
    iss: 'sealtrail/test',
    sub: 'billing',
    tenant: 'acme',
    jti: grantId,
    cnf: { jwk: client.jwk },
    iat: now / 1000 - 60,
    exp: now / 1000 + 3600,
    retentionDays: 30,
    shards: 1,
    via: 'sdk',
    ...over,
  });
  return signJws(grantHeader(nodeThumbprint(key.jwk)), payload, key.privateKey);
}

const own = lines(now, 7);
const batch = batchOf(own, { enc: 'identity' });
const manifestOf = (signed = signBatch(batch, grantId, client.privateKey)) =>
  signed.subarray(0, signed.indexOf(0x0a)).toString('latin1');

function proofOf(index = 4): ProofFile {
  return {
    v: 1,
    line: String(own[index]?.toString('base64url')),
    index,
    path: merklePath(own, index).map((hash) => hash.toString('base64url')),
    manifest: manifestOf(),
    grant: grantOf(),
    revocation: { checkedAt: '2023-11-14T22:13:21.000Z', revokedAt: null },
    arrival: '2023-11-14T22:13:20.500Z',
    issuerKey: issuer.jwk,
  };
}

const known = (over: Partial<Known> = {}): Known => ({
  line: new Uint8Array(own[4] ?? []),
  batch: batch.id,
  pinned: new Set([issuerId]),
  served: new Map([[issuerId, issuer.jwk.x]]),
  ...over,
});

/** Where a changed character is: base64url stays base64url. */
const changed = (text: string, at: number) =>
  text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);

describe('a proof of an event', () => {
  test('is intact under a pinned key, for every line of the batch', async () => {
    for (const [index, line] of own.entries()) {
      const verdict = await verifyProof(proofOf(index), known({ line: new Uint8Array(line) }));
      expect(verdict).toMatchObject({ kind: 'intact', tenant: 'acme', issuer: issuerId });
      expect(verdict.steps.map(({ name }) => name)).toEqual([
        'bytes',
        'tree',
        'manifest',
        'grant',
        'issuer',
        'revocation',
      ]);
    }
  });

  test('is incomplete while nobody has pinned the key', async () => {
    const verdict = await verifyProof(proofOf(), known({ pinned: new Set() }));
    expect(verdict.kind).toBe('incomplete');
    expect(verdict.steps.find(({ name }) => name === 'issuer')).toMatchObject({ state: 'open' });
  });

  test('is incomplete if nobody has looked for a revocation, or the grant was revoked before', async () => {
    const { revocation: _, ...unlooked } = proofOf();
    expect((await verifyProof(unlooked, known())).kind).toBe('incomplete');
    const { checkedAt } = proofOf().revocation;
    const revoked = { checkedAt, revokedAt: '2023-11-14T22:13:20.000Z' };
    expect((await verifyProof({ ...proofOf(), revocation: revoked }, known())).kind).toBe(
      'incomplete',
    );
    const later = { checkedAt, revokedAt: '2023-11-14T22:13:21.000Z' };
    expect((await verifyProof({ ...proofOf(), revocation: later }, known())).kind).toBe('intact');
  });

  test.each(Object.keys(proofOf()))(
    'is incomplete without its %s, whatever else is wrong',
    async (name) => {
      const { [name]: _, ...rest } = { ...proofOf() } as Record<string, unknown>;
      expect((await verifyProof(rest, known({ line: new Uint8Array(1) }))).kind).toBe('incomplete');
    },
  );

  test('says that the service itself sealed what it sealed', async () => {
    const says = async (grant: string) =>
      (await verifyProof({ ...proofOf(), grant }, known())).steps.map((step) => step.says).join();
    expect(await says(grantOf({ via: 'service' }))).toContain('by the service itself, not by an');
    expect(await says(grantOf())).not.toContain('by the service itself');
  });
});

describe('a forged proof fails at the link that is forged:', () => {
  const good = proofOf();
  const forger = generateKey();
  test.each<[string, ProofFile, Partial<Known>, string]>([
    ['of another line than the one shown', proofOf(3), {}, 'bytes'],
    [
      'of a line that was changed, and is shown so',
      { ...good, line: Buffer.from('{"a":1}').toString('base64url') },
      { line: new Uint8Array(Buffer.from('{"a":1}')) },
      'tree',
    ],
    ['at another index', { ...good, index: 5 }, {}, 'tree'],
    ['with a path cut short', { ...good, path: good.path.slice(1) }, {}, 'tree'],
    ['with a path too long', { ...good, path: [...good.path, ...good.path] }, {}, 'tree'],
    [
      'with a sibling changed',
      { ...good, path: [changed(good.path[0] ?? '', 3), ...good.path.slice(1)] },
      {},
      'tree',
    ],
    [
      'signed by another key',
      { ...good, manifest: manifestOf(signBatch(batch, grantId, forger.privateKey)) },
      {},
      'manifest',
    ],
    [
      'under another grant',
      { ...good, grant: grantOf({ jti: sha256('b').toString('base64url') }) },
      {},
      'manifest',
    ],
    ['of another client', { ...good, grant: grantOf({ sub: 'other' }) }, {}, 'manifest'],
    [
      'of another batch than the one shown',
      good,
      { batch: sha256('c').toString('base64url') },
      'manifest',
    ],
    ['with a manifest of no form', { ...good, manifest: 'a.b.c' }, {}, 'manifest'],
    ['with a grant of no form', { ...good, grant: `${good.grant}A` }, {}, 'grant'],
    [
      'with a grant whose signature is changed',
      { ...good, grant: changed(good.grant, good.grant.length - 40) },
      {},
      'grant',
    ],
    [
      'with a grant that had ended',
      { ...good, grant: grantOf({ exp: now / 1000 - 3600 }) },
      {},
      'grant',
    ],
    [
      'with a grant of a key of its own',
      { ...good, grant: grantOf({}, forger), issuerKey: forger.jwk },
      {},
      'issuer',
    ],
    ['with a key that is not the one named', { ...good, issuerKey: forger.jwk }, {}, 'issuer'],
  ])('%s', async (_, proof, over, link) => {
    const { kind, steps } = await verifyProof(proof, known(over));
    expect([kind, steps.find(({ state }) => state === 'fails')?.name]).toEqual(['forged', link]);
  });
});

describe('a key', () => {
  test.each([
    ['AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'], // order 1
    ['AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'], // order 4
    ['7P________________________________________38'], // order 2
    [
      Buffer.from(
        '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
        'hex',
      ).toString('base64url'),
    ],
    [
      Buffer.from(
        'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
        'hex',
      ).toString('base64url'),
    ],
    [
      Buffer.from(
        'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
        'hex',
      ).toString('base64url'),
    ],
    [Buffer.from(`ee${'ff'.repeat(30)}7f`, 'hex').toString('base64url')], // y = p + 1
  ])('that proves nothing is refused: %s', (x) => expect(keyBytes(x)).toBeUndefined());

  test('has the thumbprint that everybody else computes', async () => {
    expect(await thumbprint(issuer.jwk.x)).toBe(issuerId);
  });

  test('is pinned in this browser, or not at all', () => {
    const kept = new Map<string, string>();
    const storage: Kept = {
      getItem: (name) => kept.get(name) ?? null,
      setItem: (name, value) => void kept.set(name, value),
    };
    expect(writePins(storage, [issuerId])).toBe(true);
    expect(readPins(storage)).toEqual(new Set([issuerId]));
    const forbidden: Kept = {
      getItem: () => {
        throw new Error('not in this frame');
      },
      setItem: () => {
        throw new Error('not in this frame');
      },
    };
    expect(readPins(forbidden).size).toBe(0);
    expect(writePins(forbidden, [issuerId])).toBe(false);
    expect(writePins(undefined, [issuerId])).toBe(false);
  });
});

test('base64url is strict: a text decodes only if it encodes to itself', () => {
  expect(fromBase64url('AQ')).toEqual(new Uint8Array([1]));
  for (const lax of ['AR', 'AQ==', 'A', 'A+', 'AQ ', 'A\n'])
    expect(fromBase64url(lax)).toBeUndefined();
});

describe('checking an event', () => {
  const about = { received: '', late: false, client: '', producer: '', seq: 0, batch: batch.id };
  const item = `{"event":${own[4]},${JSON.stringify(about).slice(1)}`;
  const options = {
    tenant: 'acme',
    pinned: new Set([issuerId]),
    signal: new AbortController().signal,
  };
  const answering = (answer: unknown) => async (path: string) =>
    Response.json(path.endsWith('/proof') ? answer : { keys: [issuer.jwk] });

  test('asks for its proof and the keys, and verifies', async () => {
    const api = vi.fn(answering(proofOf()));
    expect(await checkEvent(item, { ...options, api })).toMatchObject({
      kind: 'checked',
      verdict: { kind: 'intact' },
    });
    expect(api).toHaveBeenCalledWith(
      `/v1/events/${JSON.parse(String(own[4])).id}/proof`,
      expect.objectContaining({ params: new URLSearchParams({ tenant: 'acme' }) }),
    );
  });

  test('takes, of several events that bear the id, the proof of the one shown', async () => {
    const api = answering({ ...proofOf(3), others: [proofOf(4)] });
    expect(await checkEvent(item, { ...options, api })).toMatchObject({
      verdict: { kind: 'intact' },
    });
  });

  test('fails with a proof of another event', async () => {
    expect(await checkEvent(item, { ...options, api: answering(proofOf(3)) })).toMatchObject({
      verdict: { kind: 'forged' },
    });
  });

  test('says so where the service gives no proofs', async () => {
    const api = async () => {
      throw new ApiProblem(404, '', 'Not Found');
    };
    expect(await checkEvent(item, { ...options, api })).toEqual({ kind: 'no-proofs' });
    expect(proofsIn([])).toEqual([]);
  });

  test('says so where the browser cannot verify', async () => {
    vi.spyOn(crypto.subtle, 'importKey').mockRejectedValue(new Error('NotSupportedError'));
    expect(await checkEvent(item, { ...options, api: answering(proofOf()) })).toEqual({
      kind: 'browser-cannot',
    });
    vi.restoreAllMocks();
  });
});
