import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { parseJws } from '../../src/domain/jws.ts';
import type { Fault } from '../../src/local/faults.ts';
import { createGrantLog } from '../../src/store/grant-log.ts';
import { actionsOf, type Operations, openOperations } from '../fixture/operations.ts';

let operations: Operations;
let pipeline: Operations['pipeline'];
let operator: Operations['operator'];
let dynamodb: Operations['dynamodb'];
let registry: Operations['registry'];
let auditor: Operations['auditor'];
let recorded: Operations['recorded'];

beforeAll(async () => {
  operations = await openOperations();
  ({ pipeline, operator, dynamodb, registry, auditor, recorded } = operations);
});
afterEach(() => operations?.pipeline.deployment.faults.clear());
afterAll(() => operations?.close());

describe('a change that cannot be recorded', () => {
  const broken: Fault = { kind: 'error', code: 'AccessDeniedException', status: 400 };

  test.each([
    ['the caller is not known', 'sts', 'GetCallerIdentity'],
    ['KMS signs no grant', 'kms', 'Sign'],
    ['the grant is not logged', 'dynamodb', 'ExecuteStatement'],
    ['the stream takes nothing', 'kinesis', 'PutRecord'],
  ])('is not made: %s', async (_, service, operation) => {
    pipeline.deployment.faults.add({ service, operation, principal: /root/, fault: broken });
    const ran = await operator.run('tenants', 'create', `unlogged-${service}`);
    expect([ran.code, ran.stdout]).toEqual([1, '']);
    expect(ran.stderr).toContain(
      'nothing was changed, because the intention could not be recorded',
    );
    expect(ran.stderr).toContain('AccessDeniedException');
    expect(await registry.tenant(`unlogged-${service}`)).toBeUndefined();
  });

  test('in the end is told to be made, by a failure, and shows no key', async () => {
    await operator.run('tenants', 'create', 'half');
    let puts = 0;
    pipeline.deployment.faults.add({
      service: 'kinesis',
      operation: 'PutRecord',
      fault: {
        kind: 'rewrite',
        response: (answer) =>
          ++puts < 2
            ? answer
            : { status: 400, body: '{"__type":"AccessDeniedException","message":"no"}' },
      },
    });
    const ran = await operator.run('keys', 'create', 'half', '--client', 'billing');
    expect([ran.code, ran.stdout]).toEqual([1, '']);
    expect(ran.stderr).toMatch(/the change was made, but its outcome could not be recorded/);
    pipeline.deployment.faults.clear();
    const listed = await operator.run('keys', 'list', '--tenant', 'half', '--json');
    expect(listed.rows).toHaveLength(1);
  });

  test('because it failed itself is recorded as failed', async () => {
    await operator.run('tenants', 'create', 'denied');
    pipeline.deployment.faults.add({
      service: 'dynamodb',
      operation: 'UpdateItem',
      principal: /root/,
      fault: { ...broken, message: 'not you' },
    });
    const ran = await operator.run('tenants', 'set', 'denied', '--quota', '5');
    expect([ran.code, ran.stdout]).toEqual([1, '']);
    expect(ran.stderr).toContain('not you');
    const events = await recorded('denied');
    expect(actionsOf(events).slice(2)).toEqual([
      'tenant.set.requested success',
      'tenant.set failure',
    ]);
    expect(events[3]?.reason).toContain('not you');
  });
});

test('the log of system is a tenant’s like any other: verified, and ended by each run', async () => {
  const Key = { id: { S: 'tenant#system' } };
  const TableName = pipeline.output('RegistryTable');
  const { Item } = await dynamodb.send(new GetItemCommand({ TableName, Key }));
  expect(Item?.['retentionDays']).toEqual({ N: '2555' });
  await pipeline.drained();
  const items = await pipeline.batches(auditor);
  const producers = Map.groupBy(items, ({ producer }) => producer?.S);
  const unfinished = [...producers.values()].filter((each) => !each.some(({ fin }) => fin?.BOOL));
  // The one whose last put the stream refused.
  expect(unfinished.length).toBeLessThanOrEqual(1);
  expect(producers.size).toBeGreaterThan(2);

  // It is sealed by the service itself: by nobody's application.
  const log = createGrantLog({ client: dynamodb, table: pipeline.output('GrantsTable') });
  const ids = new Set(items.map(({ grant }) => grant?.S ?? ''));
  const grants = [...(await log.find([...ids])).values()];
  const via = grants.map(({ jwt }) => JSON.parse(parseJws(jwt)?.payload ?? '{}').via);
  expect(new Set(via)).toEqual(new Set(['service']));
});
