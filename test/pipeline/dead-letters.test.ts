import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sha256 } from '../../src/domain/encoding.ts';
import { event, line } from '../fixture/events.ts';
import { type Operator, operatorOf } from '../fixture/operator.ts';
import { operatorSession } from '../fixture/operator-role.ts';
import { openPipeline, type Pipeline, withoutWindow } from '../fixture/pipeline.ts';
import { put, sealed, type Tenant, type Vended, vend } from '../fixture/vended.ts';
import { build } from '../vector/build.ts';
import { wrong } from '../vector/recipes.ts';

let pipeline: Pipeline;
let operator: Operator;
let s3: S3Client;
let sqs: SQSClient;
let tenant: Tenant;
let vended: Vended;
const folder = mkdtempSync(join(tmpdir(), 'sealtrail-dead-letters-'));

/** Ten ways of being wrong, each with the code that it is quarantined with. */
const ways = [
  'wrong-random-bytes',
  'wrong-version',
  'wrong-alg-none',
  'wrong-base64url-padded',
  'wrong-key-more',
  'wrong-signer',
  'wrong-root',
  'wrong-count',
  'wrong-trailing-zstd',
  'wrong-line-without-id',
] as const;

const poisoned = (each: number) =>
  ways.flatMap((name) => {
    const [code, recipe] = wrong[name] ?? ['', {}];
    return Array.from({ length: each }, () => {
      // A producer of its own makes each another record, as does an end of its own where there is no manifest.
      const producer = event(Date.now()).id;
      const { record } = build({ ...recipe, manifest: { producer, ...recipe.manifest } }, vended);
      const end = name === 'wrong-random-bytes' ? Buffer.from(producer) : Buffer.of();
      return { code, record: Buffer.concat([record, end]) };
    });
  });

const texts: string[] = [];
const valid = (count: number) =>
  Array.from({ length: count }, (_, n) => {
    const one = line(event(Date.now(), { metadata: { n } }));
    texts.push(one.toString());
    return sealed(vended, [one]);
  });

/** In any order, but the same each time. */
const shuffled = <T extends Buffer>(records: readonly T[]) =>
  records
    .map((record, i) => ({ record, rank: sha256(`${i}`).readUInt32BE() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ record }) => record);

async function deliver(records: readonly Buffer[]): Promise<void> {
  for (let i = 0; i < records.length; i += 200)
    await put(vended, records.slice(i, i + 200), (n) => `key-${i + n}`);
  await pipeline.drained();
}

/** `dlq ls` as `{reason: count}`. */
async function counted(): Promise<Record<string, number>> {
  const { rows } = await operator.run('dlq', 'ls', '--json');
  return Object.fromEntries(rows.map(({ reason, count }) => [String(reason), Number(count)]));
}

const countsOf = (all: readonly { code: string }[]) =>
  Object.fromEntries(
    [...Map.groupBy(all, ({ code }) => code)].map(([c, { length }]) => [c, length]),
  );

async function keysIn(bucket: string): Promise<string[]> {
  const found = await s3.send(new ListObjectsV2Command({ Bucket: pipeline.output(bucket) }));
  return (found.Contents ?? []).map(({ Key = '' }) => Key);
}

async function content(bucket: string, Key: string): Promise<string> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: pipeline.output(bucket), Key }));
  return (await Body?.transformToString()) ?? '';
}

async function messages(): Promise<number> {
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({
      QueueUrl: pipeline.output('DeadLetterQueueUrl'),
      AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
    }),
  );
  return Object.values(Attributes ?? {}).reduce((sum, each) => sum + Number(each), 0);
}

beforeAll(async () => {
  pipeline = await openPipeline((resources) => {
    // A hundred retries as in the template would take minutes.
    for (const { Type, Properties } of Object.values(resources))
      if (Type === 'AWS::Lambda::EventSourceMapping') Properties['MaximumRetryAttempts'] = 1;
    withoutWindow(resources);
  });
  // By no more rights than `grantRedrive` gives.
  const credentials = await operatorSession(pipeline.deployment, 'grantRedrive');
  operator = operatorOf(pipeline.deployment, { inside: true, credentials });
  s3 = new S3Client({ ...pipeline.asRoot, forcePathStyle: true });
  sqs = new SQSClient(pipeline.asRoot);
  tenant = await pipeline.tenant('acme');
  vended = await vend(pipeline.url, tenant);
});
afterAll(async () => {
  s3?.destroy();
  sqs?.destroy();
  await operator?.close();
  await pipeline?.close();
  await rm(folder, { recursive: true, force: true });
});

async function deployConsumer(what: 'broken' | 'good'): Promise<void> {
  const broken = join(folder, 'broken');
  mkdirSync(broken, { recursive: true });
  writeFileSync(
    join(broken, 'index.js'),
    'exports.handler = async () => { throw new Error("a broken deployment"); };',
  );
  const code = what === 'broken' ? broken : pipeline.assetOf('consumer');
  await pipeline.deployment.functions.get('consumer')?.replace(code);
}

// One story: each test goes on where the one before ended.
describe('of 940 records of which 40 are poisoned and 100 more hit a broken deployment', () => {
  let bad: ReturnType<typeof poisoned>;
  let givenUp: { key: string; text: string }[];

  test('what is valid and not hit is stored, and all else lies in the buckets by its reason', async () => {
    bad = poisoned(2);
    await deliver(shuffled([...valid(800), ...bad.map(({ record }) => record)]));
    expect(await pipeline.batches(tenant)).toHaveLength(800);

    await deployConsumer('broken');
    const hit = poisoned(2);
    await deliver(shuffled([...valid(100), ...hit.map(({ record }) => record)]));
    expect(pipeline.deployment.mapping.stats.discarded).toBe(120);
    expect(await pipeline.batches(tenant)).toHaveLength(800);

    expect(await counted()).toEqual({ ...countsOf(bad), 'given-up': 120 });
    bad.push(...hit);
    givenUp = await Promise.all(
      (await keysIn('RedriveBucket')).map(async (key) => ({
        key,
        text: await content('RedriveBucket', key),
      })),
    );
  });

  test('each is listed with an id, by which it is shown: why, and what it says of itself', async () => {
    const { rows } = await operator.run('dlq', 'ls', '--reason', 'id-missing', '--json');
    expect(rows).toHaveLength(2);
    const id = String(rows[0]?.['id']);
    const shown = await operator.run('dlq', 'show', id);
    expect(shown.code).toBe(0);
    expect(shown.stdout).toMatch(/^reason +id-missing: line 0 has no valid id/m);
    expect(shown.stdout).toMatch(/^manifest \(unverified\) +\{"v":1,"client":"billing",/m);
    expect(shown.stdout).toMatch(
      /^first bad line \(unverified\) +line 1 \(no valid id\): \{"action"/m,
    );
    const [given] = (await operator.run('dlq', 'ls', '--reason', 'given-up', '--json')).rows;
    const waits = await operator.run('dlq', 'show', String(given?.['id']));
    expect(waits.stdout).toMatch(/^reason +given-up: Lambda gave it up after \d+ invocation/m);
  });

  test('ages choose by arrival', async () => {
    const young = await operator.run('dlq', 'ls', '--newer-than', '1h', '--json');
    expect(young.rows).toHaveLength(140);
    expect((await operator.run('dlq', 'ls', '--older-than', '1h', '--json')).rows).toEqual([]);
    const both = await operator.run('dlq', 'redrive', '--dry-run', '--older-than', '1h', '--json');
    expect([both.code, both.rows]).toEqual([0, []]);
  });

  test('what may be stored, and only untold to followers, is not given up without force', async () => {
    const before = await counted();
    const [given] = (await operator.run('dlq', 'ls', '--reason', 'given-up', '--json')).rows;
    const words = ['dlq', 'discard', '--id', String(given?.['id']), '--why', 'nobody needs it'];
    const ran = await operator.run(...words);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain('redrive them first');
    expect(await counted()).toEqual(before);
  });

  test('while the deployment is broken a redrive changes nothing, and says so', async () => {
    const before = await counted();
    const ran = await operator.run('dlq', 'redrive', '--all');
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/could not be tried and stay where they are: .*broken deployment/);
    // What the tool recorded of it, and of the tenant `system`, hit the broken deployment too.
    await pipeline.drained();
    expect(await counted()).toEqual({ ...before, 'given-up': 123 });
    expect(await pipeline.batches(tenant)).toHaveLength(800);
  });

  test('once it is mended a redrive stores everything valid, and everything else is in quarantine', async () => {
    await deployConsumer('good');
    const ran = await operator.run('dlq', 'redrive', '--all', '--json');
    expect(ran.stderr).toBe('');
    expect(ran.code).toBe(0);
    expect(ran.rows[0]).toEqual({ outcome: 'stored', count: 103 });

    expect(await pipeline.batches(tenant)).toHaveLength(900);
    expect((await pipeline.log(tenant)).sort()).toEqual([...texts].sort());
    expect(await keysIn('RedriveBucket')).toEqual([]);
    const quarantined = await pipeline.quarantined();
    const plain = (all: readonly { record: Buffer; code: string }[]) =>
      all.map(({ record, code }) => `${code} ${record.toString('base64')}`).sort();
    expect(plain(quarantined)).toEqual(plain(bad));
    expect(quarantined.map((each) => (each as { attempts?: number }).attempts)).toEqual(
      quarantined.map(() => 1),
    );
  });

  test('each was stored by the arrival that it had on the stream, not by that of the redrive', async () => {
    const arrivals = new Map(
      givenUp
        .flatMap(({ text }) => JSON.parse(text).payload.Records)
        .map(({ eventID, kinesis }) => [
          eventID,
          Math.round(kinesis.approximateArrivalTimestamp * 1000),
        ]),
    );
    const batches = await pipeline.batches(tenant);
    const redriven = batches.filter(({ source }) => arrivals.has(source?.S));
    expect(redriven).toHaveLength(100);
    const stored = (value: string | undefined) =>
      /^\d+$/.test(value ?? '') ? Number(value) : Date.parse(value ?? '');
    for (const { source, arrival } of redriven)
      expect(stored(arrival?.N ?? arrival?.S)).toBe(arrivals.get(source?.S));
  });

  test('what was stored meanwhile is stored once, whichever way its object has its payload', async () => {
    for (const [i, { key, text }] of givenUp.entries()) {
      const object = JSON.parse(text);
      const Body =
        i % 2 === 0 ? text : JSON.stringify({ ...object, payload: JSON.stringify(object.payload) });
      await s3.send(
        new PutObjectCommand({ Bucket: pipeline.output('RedriveBucket'), Key: key, Body }),
      );
    }
    const ran = await operator.run('dlq', 'redrive', '--reason', 'given-up', '--json');
    expect(ran.rows[0]).toEqual({ outcome: 'stored', count: 100 });
    expect(await pipeline.batches(tenant)).toHaveLength(900);
    expect((await pipeline.log(tenant)).sort()).toEqual([...texts].sort());
    // What was poisoned in them is there once more, from another object: nothing was thrown away.
    expect((await pipeline.quarantined()).length).toBeGreaterThanOrEqual(40);
  });

  test('one that fails once more has its attempts counted on, and its neighbours stay', async () => {
    const { rows } = await operator.run('dlq', 'ls', '--reason', 'count-mismatch', '--json');
    const id = String(rows[0]?.['id']);
    const all = await pipeline.quarantined();
    const ran = await operator.run('dlq', 'redrive', '--id', id, '--json');
    expect(ran.rows).toContainEqual({ outcome: 'came back', reason: 'count-mismatch', count: 1 });
    const again = await operator.run('dlq', 'ls', '--reason', 'count-mismatch', '--json');
    expect(
      again.rows
        .map(({ attempts }) => attempts)
        .sort()
        .at(-1),
    ).toBe(2);
    expect(again.rows.map((row) => row['id'])).not.toContain(id);
    expect(await pipeline.quarantined()).toHaveLength(all.length);
  });

  test('a throttled tenant’s records, put aside by the consumer, are stored by a redrive', async () => {
    const [record = Buffer.of()] = valid(1);
    const letter = {
      code: 'throttled',
      reason: 'the tenant’s partition took no more writes',
      tenant: tenant.id,
      arrival: new Date().toISOString(),
      shard: 'shardId-000000000000',
      sequenceNumber: '1',
      partitionKey: 'p',
      record: record.toString('base64'),
    };
    await s3.send(
      new PutObjectCommand({
        Bucket: pipeline.output('RedriveBucket'),
        Key: '2026/11/24/shardId-000000000000/1-1.ndjson',
        Body: `${JSON.stringify(letter)}\n`,
      }),
    );
    const ran = await operator.run('dlq', 'redrive', '--reason', 'throttled');
    expect([ran.code, ran.stdout]).toEqual([0, 'outcome  reason  count\nstored   -           1\n']);
    expect(await pipeline.batches(tenant)).toHaveLength(901);
  });

  test('an object of nobody’s form is told of and left alone', async () => {
    await s3.send(
      new PutObjectCommand({
        Bucket: pipeline.output('RedriveBucket'),
        Key: 'odd',
        Body: '\x1b[2J no dead letter',
      }),
    );
    const ran = await operator.run('dlq', 'ls');
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain('redrive/odd is of no known form');
    expect(`${ran.stdout}${ran.stderr}`).not.toContain('\x1b');
    expect((await operator.run('dlq', 'redrive', '--reason', 'given-up')).code).toBe(0);
    expect(await keysIn('RedriveBucket')).toEqual(['odd']);
  });

  test('a record that would move the cursor is shown without', async () => {
    await deliver([Buffer.from('\x1b]0;owned\x07\x1b[2J\u202e')]);
    const { rows } = await operator.run('dlq', 'ls', '--reason', 'record-malformed', '--json');
    let shown = '';
    for (const { id } of rows) shown += (await operator.run('dlq', 'show', String(id))).stdout;
    expect(shown).toContain('\\u{1b}]0;owned\\u{7}\\u{1b}[2J');
    for (const character of '\x1b\x07\u202e') expect(shown).not.toContain(character);
  });

  test('none is discarded without a reason, or by an id that is not there', async () => {
    const all = await pipeline.quarantined();
    const [row] = (await operator.run('dlq', 'ls', '--reason', 'root-mismatch', '--json')).rows;
    const id = String(row?.['id']);
    expect((await operator.run('dlq', 'discard', '--id', id)).code).toBe(2);
    expect((await operator.run('dlq', 'discard', '--id', id, '--why', '   no   ')).code).toBe(2);
    expect((await operator.run('dlq', 'discard', '--why', 'a written reason')).code).toBe(2);
    const missing = ['--id', `${id}1`, '--id', id, '--why', 'a written reason'];
    expect((await operator.run('dlq', 'discard', ...missing)).code).toBe(1);
    expect(await pipeline.quarantined()).toHaveLength(all.length);
  });

  test('one that cannot be recorded is not discarded; one that is, is recorded with its digest', async () => {
    const [row] = (await operator.run('dlq', 'ls', '--reason', 'root-mismatch', '--json')).rows;
    const id = String(row?.['id']);
    const before = await pipeline.quarantined();
    const words = ['dlq', 'discard', '--id', id, '--why', 'a load test, ticket OPS-1234'];
    pipeline.deployment.faults.add({
      service: 'kinesis',
      operation: 'PutRecord',
      fault: { kind: 'error', code: 'AccessDeniedException', status: 400 },
    });
    expect((await operator.run(...words)).code).toBe(1);
    expect(await pipeline.quarantined()).toHaveLength(before.length);
    pipeline.deployment.faults.clear();
    expect((await operator.run(...words)).code).toBe(0);
    const after = await pipeline.quarantined();
    const gone = before.filter(({ record }) => !after.some((each) => each.record.equals(record)));
    expect(gone).toHaveLength(1);

    await pipeline.drained();
    const makeKey = ['keys', 'create', 'system', '--client', 'a', '--scopes', 'read', '--json'];
    const refused = await operator.run(...makeKey);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('not authorized') });
    const administrator = operatorOf(pipeline.deployment, {
      inside: true,
      credentials: await operatorSession(pipeline.deployment, 'grantAdministration'),
    });
    const read = await administrator.run(...makeKey);
    await administrator.close();
    const auditor = { id: 'system', client: 'a', apiKey: String(read.rows[0]?.['key']) };
    await pipeline.drained();
    const log = (await pipeline.log(auditor)).map((text) => JSON.parse(text));
    const told = log.filter(({ action }) => action.startsWith('deadletter.discard'));
    expect(told.map(({ action, outcome }) => `${action} ${outcome}`)).toEqual([
      'deadletter.discard.requested success',
      'deadletter.discard success',
    ]);
    expect(told[0]).toMatchObject({
      reason: 'a load test, ticket OPS-1234',
      metadata: { records: [{ sha256: sha256(gone[0]?.record ?? '').toString('base64url') }] },
    });
    expect(log.filter(({ action }) => action === 'deadletter.redrive').length).toBeGreaterThan(3);
  });

  test('the queue tells of what is there, and of nothing once the buckets are empty', async () => {
    expect(await messages()).toBeGreaterThan(0);
    const { rows } = await operator.run('dlq', 'ls', '--newer-than', '1d', '--json');
    const objects = [...new Set(rows.map(({ id }) => String(id).split('#')[0] ?? ''))];
    for (let i = 0; i < objects.length; i += 20) {
      const ids = objects.slice(i, i + 20).flatMap((id) => ['--id', id]);
      const ran = await operator.run('dlq', 'discard', ...ids, '--why', 'the test is at its end');
      expect(ran.stderr).toBe('');
    }
    expect(await counted()).toEqual({});
    expect(await keysIn('QuarantineBucket')).toEqual([]);
    // What tells of the odd object is left.
    expect(await messages()).toBe(1);
  });
});
