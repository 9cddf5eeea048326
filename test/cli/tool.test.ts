import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { apply, unseen } from '../../src/domain/producer.ts';
import { createProducers } from '../../src/store/producers.ts';
import { lines } from '../fixture/events.ts';
import { actionsOf, type Operations, openOperations } from '../fixture/operations.ts';
import { operatorOf } from '../fixture/operator.ts';
import { askForCredentials, put, sealed, type Tenant, vend } from '../fixture/vended.ts';

let operations: Operations;
let pipeline: Operations['pipeline'];
let operator: Operations['operator'];
let dynamodb: Operations['dynamodb'];
let registry: Operations['registry'];
let recorded: Operations['recorded'];

beforeAll(async () => {
  operations = await openOperations('grantAdministration');
  ({ pipeline, operator, dynamodb, registry, recorded } = operations);
});
afterAll(() => operations?.close());

const tenantOf = (apiKey: unknown): Tenant => ({
  id: '',
  client: 'billing',
  apiKey: String(apiKey),
});

describe('tenants', () => {
  test('are created, changed and listed, and each change stands in the log of system', async () => {
    const made = await operator.run('tenants', 'create', 'acme', '--retention-days', '30');
    expect([made.code, made.stderr]).toEqual([0, '']);
    expect(made.stdout.split('\n')[1]).toBe('acme               30     60       1');
    const set = await operator.run('tenants', 'set', 'acme', '--quota', '5', '--shards', '3');
    expect(set.code).toBe(0);
    const listed = await operator.run('tenants', 'list', '--json');
    expect(listed.rows).toContainEqual({ tenant: 'acme', retentionDays: 30, quota: 5, shards: 3 });
    expect(await registry.tenant('acme')).toMatchObject({ shards: 3, credentialsPerMinute: 5 });

    const events = await recorded('acme');
    expect(actionsOf(events)).toEqual([
      'tenant.create.requested success',
      'tenant.create success',
      'tenant.set.requested success',
      'tenant.set success',
    ]);
    expect(new Set(events.map(({ correlationId }) => correlationId)).size).toBe(2);
    expect(events[3]).toMatchObject({
      actor: { type: 'aws', id: expect.stringMatching(/grantAdministration\w+\/operator$/) },
      changes: [
        { op: 'replace', path: '/credentialsPerMinute', from: 60, to: 5 },
        { op: 'replace', path: '/shards', from: 1, to: 3 },
      ],
    });
    expect(await pipeline.quarantined()).toEqual([]);
  });

  test('that exist, are not there, or would get fewer shards are refused, and nothing is recorded', async () => {
    await operator.run('tenants', 'create', 'twice', '--shards', '2');
    const again = await operator.run('tenants', 'create', 'twice');
    expect([again.code, again.stderr]).toEqual([
      1,
      'sealtrail: there is a tenant twice already: see `tenants set`\n',
    ]);
    expect((await operator.run('tenants', 'set', 'nobody', '--shards', '2')).code).toBe(1);
    expect((await operator.run('tenants', 'set', 'twice', '--shards', '1')).code).toBe(2);
    expect((await operator.run('tenants', 'create', 'system')).code).toBe(2);
    expect((await operator.run('tenants', 'create', 'a/b')).code).toBe(2);
    expect(await recorded('twice')).toHaveLength(2);
    expect(await recorded('nobody')).toEqual([]);
  });
});

describe('keys', () => {
  test('are shown once, work, and are two at most of a client', async () => {
    await operator.run('tenants', 'create', 'keyed');
    const first = await operator.run('keys', 'create', 'keyed', '--client', 'billing', '--json');
    expect(first.code).toBe(0);
    const [made] = first.rows;
    const { response } = await askForCredentials(pipeline.url, tenantOf(made?.['key']));
    expect(response.status).toBe(200);

    const second = await operator.run('keys', 'rotate', String(made?.['id']));
    expect(second.stdout).toMatch(/^Key: st_[a-z0-9_]+$/m);
    const third = await operator.run('keys', 'create', 'keyed', '--client', 'billing');
    expect(third.code).toBe(1);
    expect(third.stderr).toContain('has 2 keys already');
    // Another client's keys are its own.
    const other = await operator.run('keys', 'create', 'keyed', '--client', 'web');
    expect(other.code).toBe(0);

    const listed = await operator.run('keys', 'list', '--tenant', 'keyed', '--json');
    expect(listed.rows.map(({ client }) => client)).toEqual(['billing', 'billing', 'web']);
    const text = String(made?.['key']);
    const all = `${listed.stdout}${JSON.stringify(await recorded('keyed'))}`;
    expect(all).not.toContain(text);
    expect(all).not.toContain(text.split('_')[2]);
  });

  test('are revoked once, and then refused', async () => {
    await operator.run('tenants', 'create', 'ended');
    const { rows } = await operator.run('keys', 'create', 'ended', '--client', 'billing', '--json');
    const [made] = rows;
    const id = String(made?.['id']);
    expect((await operator.run('keys', 'revoke', id)).code).toBe(0);
    const { response } = await askForCredentials(pipeline.url, tenantOf(made?.['key']));
    expect(response.status).toBe(401);
    const again = await operator.run('keys', 'revoke', id);
    expect([again.code, again.stderr]).toEqual([0, `${id} was revoked already\n`]);
    expect((await operator.run('keys', 'rotate', id)).code).toBe(1);
    expect(actionsOf(await recorded(id))).toEqual([
      'key.create.requested success',
      'key.create success',
      'key.revoke.requested success',
      'key.revoke success',
    ]);
  });

  test.each([
    ['without a client', ['acme'], 2],
    ['for a tenant that is not there', ['nobody', '--client', 'c'], 1],
    ['that writes for all tenants', ['*', '--client', 'c', '--scopes', 'read,write'], 2],
    ['that writes to the log of system', ['system', '--client', 'c'], 2],
    ['for something else', ['acme', '--client', 'c', '--scopes', 'admin'], 2],
  ])('are not made %s', async (_, words, code) => {
    const ran = await operator.run('keys', 'create', ...words);
    expect([ran.code, ran.stdout]).toEqual([code, '']);
  });
});

describe('grants', () => {
  test('are listed and revoked, and what arrives later is quarantined', async () => {
    const tenant = await pipeline.tenant('granted');
    const vended = await vend(pipeline.url, tenant);
    const other = await vend(pipeline.url, await pipeline.tenant('other'));
    const before = lines(Date.now(), 1);
    // A revocation is seen within 30 s of the consumer's having looked the grant up: here it has not yet.
    const listed = await operator.run('grants', 'list', '--tenant', tenant.id, '--json');
    expect(listed.rows.map(({ id, client }) => [id, client])).toEqual([
      [vended.grantId, 'billing'],
    ]);

    const revoked = await operator.run('grants', 'revoke', '--tenant', tenant.id, '--json');
    expect(revoked.rows.map(({ id }) => id)).toEqual([vended.grantId]);
    await put(vended, [sealed(vended, before)]);
    await put(other, [sealed(other, before)]);
    await pipeline.drained();
    expect((await pipeline.quarantined()).map(({ code }) => code)).toEqual(['grant-revoked']);
    expect(await pipeline.log(tenant)).toEqual([]);

    // The reader has a grant too by now, under which it recorded the reads.
    const ofBilling = ['--tenant', tenant.id, '--client', 'billing'];
    expect((await operator.run('grants', 'list', ...ofBilling)).stdout).toBe(
      'There are no such grants.\n',
    );
    const all = await operator.run('grants', 'list', ...ofBilling, '--all', '--json');
    expect(all.rows[0]).toHaveProperty('revoked', revoked.rows[0]?.['revoked']);
    expect(actionsOf(await recorded(vended.grantId))).toEqual([
      'grant.revoke.requested success',
      'grant.revoke success',
    ]);
  });

  test('are revoked by id, and one that is not there is named', async () => {
    const { grantId } = await vend(pipeline.url, await pipeline.tenant('by-id'));
    const none = await operator.run('grants', 'revoke', '--id', grantId, '--id', 'none');
    expect([none.code, none.stderr]).toEqual([1, 'sealtrail: there is no grant none\n']);
    expect(await recorded(grantId)).toEqual([]);
    expect((await operator.run('grants', 'revoke', '--id', grantId)).code).toBe(0);
    expect(await recorded(grantId)).toHaveLength(2);
  });

  test.each([
    [[]],
    [['--client', 'c']],
    [['--id', 'x', '--tenant', 't']],
    [['--tenant', 'system']],
  ])('are not revoked by %j', async (words) => {
    expect((await operator.run('grants', 'revoke', ...words)).code).toBe(2);
  });
});

describe('gaps', () => {
  test('are acknowledged by an operator, with a reason, and still shown', async () => {
    await operator.run('tenants', 'create', 'gapped');
    const producers = createProducers({
      client: dynamodb,
      table: pipeline.output('ProducersTable'),
    });
    const key = { client: 'billing', producer: '019bc3a5-0000-7000-8000-0000000000aa' };
    const now = Date.now();
    const batch = { id: 'x'.repeat(43), prev: null, fin: false, stored: now };
    const state = [0, 3, 6].reduce(
      (before, seq) => apply(before, { ...batch, seq }, new Map()),
      unseen,
    );
    const about = { watched: true, expires: now };
    await producers.saveState('gapped', key, { state, version: 0 }, about);
    const words = ['producers', 'acknowledge', key.producer, '--tenant', 'gapped', '--client'];
    const run = (...more: string[]) => operator.run(...words, 'billing', ...more, '--json');

    expect((await run()).code).toBe(2);
    const none = await run('--gap', '1-3', '--why', 'x');
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('there are 1-2, 4-5')]);
    expect((await operator.run(...words, 'crm', '--why', 'x')).code).toBe(1);
    expect(await recorded(key.producer)).toEqual([]);

    const one = await run('--gap', '1-2', '--why', 'a lost host');
    expect([one.code, one.rows.map(({ gap }) => gap)]).toEqual([0, ['1-2']]);
    const rest = await run('--why', 'another');
    expect(rest.rows.map(({ gap }) => gap)).toEqual(['4-5']);
    expect((await run('--why', 'again')).rows).toEqual([]);

    const [listed] = (await producers.list('gapped', { after: undefined, limit: 10 })).producers;
    expect(listed?.state.acknowledged).toMatchObject([
      { from: 1, to: 2, why: 'a lost host' },
      { from: 4, to: 5, why: 'another' },
    ]);
    const events = await recorded(key.producer);
    expect(actionsOf(events).slice(0, 2)).toEqual([
      'producer.acknowledge.requested success',
      'producer.acknowledge success',
    ]);
    expect(events[0]).toMatchObject({ reason: 'a lost host', metadata: { gaps: ['1-2'] } });
  });
});

test('who may put to the stream may not invoke the consumer, and so not say when a record arrived', async () => {
  const { config } = await vend(pipeline.url, await pipeline.tenant('forger'));
  const client = new LambdaClient(config);
  const invoke = new InvokeCommand({
    FunctionName: pipeline.output('ConsumerFunction'),
    Payload: Buffer.from('{"Records":[],"redriven":[]}'),
  });
  await expect(client.send(invoke)).rejects.toMatchObject({ name: 'AccessDeniedException' });
  client.destroy();
});

test('without credentials the tool says so', async () => {
  const { deployment } = pipeline;
  const credentials = { accessKeyId: 'AKIAAAAAAAAAAAAAAAAA', secretAccessKey: 'x' };
  const nobody = operatorOf({ ...deployment, credentials });
  const ran = await nobody.run('tenants', 'list');
  expect(ran.code).toBe(1);
  expect(ran.stderr).toContain('security token');
  await nobody.close();
});
