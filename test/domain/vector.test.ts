import { createPublicKey } from 'node:crypto';
import { compactVerify, importJWK } from 'jose';
import { describe, expect, test } from 'vitest';
import { checkRecord } from '../../src/consumer/check-record.ts';
import { publicKeyFrom, thumbprint } from '../../src/domain/ed25519.ts';
import { fromTime } from '../../src/domain/encoding.ts';
import { codeOf } from '../../src/domain/error.ts';
import { parseJws } from '../../src/domain/jws.ts';
import { batchId, parseRecord } from '../../src/domain/manifest.ts';
import { openRecord, verifyRecord } from '../../src/domain/open.ts';
import { verifiedGrants } from '../../src/lambda/verified-grants.ts';
import { openApi } from '../../src/read/openapi/document.ts';
import { openSecond } from '../fixture/second-record.ts';
import {
  batchFile,
  type GrantedCase,
  type GrantedGroup,
  type RecordCase,
  type RecordGroup,
} from '../vector/files.ts';
import { fromParts, toParts } from '../vector/parts.ts';

const file = batchFile();
const [records, granted] = file.groups as [RecordGroup, GrantedGroup];

function open({ input }: RecordCase) {
  const key = publicKeyFrom(records.publicKey.x);
  if (key === undefined) throw new TypeError('the vectors name a bad key');
  const record = parseRecord(fromParts(input));
  verifyRecord(record, key);
  return { record, lines: openRecord(record) };
}

/** What becomes of it: `valid`, or a code. */
async function outcome(work: () => unknown): Promise<string> {
  try {
    await work();
    return 'valid';
  } catch (error) {
    return codeOf(error) ?? String(error);
  }
}

const cases = (result: string) =>
  records.cases.filter((each) => each.result === result).map((each) => [each.name, each] as const);

describe('golden vectors of records', () => {
  test('are as many as the file says, each with a name of its own and a comment', () => {
    const all = file.groups.flatMap((group) => group.cases as readonly RecordCase[]);
    expect(all.length).toBe(file.numberOfCases);
    for (const group of file.groups)
      expect(new Set(group.cases.map(({ name }) => name)).size).toBe(group.cases.length);
    for (const { comment, name } of all) expect(comment.length, name).toBeGreaterThan(5);
    const count = (start: string) => all.filter(({ name }) => name.startsWith(start)).length;
    expect([count('valid-'), count('fault-'), count('wrong-')]).toEqual([17, 23, 83]);
  });

  test('write a long run of one byte once, and read it back', () => {
    const bytes = Buffer.concat([Buffer.from('aé\ufeff'), Buffer.alloc(300, 0), Buffer.of(255)]);
    expect(toParts(bytes)).toEqual([
      { text: 'aé\ufeff' },
      { text: '\0', times: 300 },
      { base64: '/w==' },
    ]);
    expect(fromParts(toParts(bytes)).equals(bytes)).toBe(true);
  });

  test.each(cases('valid'))(
    '%s opens, with the batch id and the faults that it states',
    (_, vector) => {
      const { record, lines } = open(vector);
      const faults = lines.flatMap((line, i) => (line.kind === 'faulty' ? [[i, line.fault]] : []));
      expect(batchId(record.manifest)).toBe(vector.batchId);
      expect(record.grantId).toBe(records.grantId);
      expect(faults).toEqual(vector.faults);
    },
  );

  test.each(cases('valid'))('%s verifies with an independent JOSE library', async (_, vector) => {
    const record = fromParts(vector.input);
    const compact = record.toString('latin1', 0, record.indexOf(0x0a));
    const key = await importJWK({ ...records.publicKey }, 'EdDSA');
    const { payload, protectedHeader } = await compactVerify(compact, key, {
      algorithms: ['EdDSA'],
    });
    expect(protectedHeader.kid).toBe(records.grantId);
    expect(JSON.parse(new TextDecoder().decode(payload)).v).toBe(1);
  });

  test.each(cases('invalid').map(([name, each]) => [name, each.code, each] as const))(
    '%s is refused as %s',
    async (_, code, vector) => {
      expect(await outcome(() => open(vector))).toBe(code);
    },
  );
});

describe('a program without our code', () => {
  const { components } = openApi() as {
    components: { schemas: { Event: Readonly<Record<string, unknown>> } };
  };

  test.each(records.cases.map((each) => [each.name, each] as const))(
    'comes to the same of %s',
    async (_, { input, result, faults }) => {
      const opened = openSecond(fromParts(input), records, components.schemas.Event);
      if (result === 'valid') expect(await opened).toEqual(faults);
      else await expect(opened).rejects.toThrow();
    },
  );
});

describe('golden vectors of records under a grant', () => {
  const keys = new Map(
    granted.issuerKeys.map((jwk) => [
      thumbprint(jwk),
      createPublicKey({ key: { ...jwk }, format: 'jwk' }),
    ]),
  );

  /** As the consumer checks it. */
  async function consume({ input, grant, arrival, revokedAt }: GrantedCase): Promise<void> {
    const { jti } = JSON.parse(parseJws(grant)?.payload ?? '');
    const revoked = revokedAt === null ? undefined : fromTime(revokedAt);
    const row = { jwt: grant, ...(revoked === undefined ? {} : { revokedAt: revoked }) };
    const grants = verifiedGrants({
      find: async (ids) => new Map(ids.includes(jti) ? [[jti, row]] : []),
      issuer: async () => ({ name: 'sealtrail/test', keys }),
      now: () => 0,
    });
    const data = fromParts(input);
    const place = { sequenceNumber: '1', shard: 's', partitionKey: 'k' };
    const arrived = { data, arrival: fromTime(arrival) ?? 0, ...place };
    const record = parseRecord(data);
    const grantOf = await grants([record.grantId]);
    const checked = checkRecord(arrived, record, grantOf.get(record.grantId));
    if (checked.kind === 'poison') throw checked.error;
  }

  test.each(granted.cases.map((each) => [each.name, each.code ?? 'valid', each] as const))(
    '%s: %s',
    async (_, code, vector) => {
      expect(await outcome(() => consume(vector))).toBe(code);
    },
  );
});
