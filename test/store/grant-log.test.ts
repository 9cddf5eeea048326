import {
  BatchGetItemCommand,
  DuplicateItemException,
  DynamoDBClient,
  ExecuteStatementCommand,
  GetItemCommand,
} from '@aws-sdk/client-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sha256 } from '../../src/domain/encoding.ts';
import { codeOf } from '../../src/domain/error.ts';
import { createGrantLog } from '../../src/store/grant-log.ts';
import { startIdTable } from './id-table.ts';

let table: Awaited<ReturnType<typeof startIdTable>>;
beforeAll(async () => {
  table = await startIdTable('grants');
});
afterAll(() => table.close());

const about = {
  tenant: 'acme',
  client: 'billing',
  issuedAt: 1_700_000_000,
  expiresAt: 1_700_003_600,
};
const whose = { tenant: about.tenant, client: about.client };
const idOf = (name: string) => sha256(name).toString('base64url');

test('a grant is logged with all that it says, and found', async () => {
  const log = createGrantLog(table);
  expect(await log.insert(idOf('a'), 'jwt-a', about)).toBe('inserted');
  expect(await log.find([idOf('a')])).toEqual(new Map([[idOf('a'), { ...whose, jwt: 'jwt-a' }]]));
  const Key = { id: { S: idOf('a') } };
  const { Item } = await table.client.send(new GetItemCommand({ TableName: table.table, Key }));
  expect(Item).toEqual({
    ...Key,
    jwt: { S: 'jwt-a' },
    tenant: { S: 'acme' },
    client: { S: 'billing' },
    issuedAt: { N: '1700000000' },
    expiresAt: { N: '1700003600' },
  });
});

test('an id is logged once: the second is a replay and changes nothing', async () => {
  const log = createGrantLog(table);
  await log.insert(idOf('twice'), 'first', about);
  expect(await log.insert(idOf('twice'), 'second', about)).toBe('replayed');
  expect((await log.find([idOf('twice')])).get(idOf('twice'))?.jwt).toBe('first');
});

test('of the same id inserted many times at once, one is not a replay', async () => {
  const log = createGrantLog(table);
  const tries = Array.from({ length: 10 }, (_, i) => log.insert(idOf('race'), `jwt-${i}`, about));
  const outcomes = await Promise.all(tries);
  expect(outcomes.filter((outcome) => outcome === 'inserted')).toHaveLength(1);
});

test('a revocation is found with its grant, and the first one stays', async () => {
  const log = createGrantLog(table);
  await log.insert(idOf('bad'), 'jwt-bad', about);
  expect(await log.revoke(idOf('bad'), 1_700_000_500_000)).toBe('revoked');
  expect(await log.revoke(idOf('bad'), 1_800_000_000_000)).toBe('already-revoked');
  const found = await log.find([idOf('bad')]);
  expect(found.get(idOf('bad'))).toEqual({
    ...whose,
    jwt: 'jwt-bad',
    revokedAt: 1_700_000_500_000,
  });
});

test('a revocation keeps its reason, if it has one', async () => {
  const log = createGrantLog(table);
  await log.insert(idOf('flood'), 'jwt-flood', about);
  await log.revoke(idOf('flood'), 1_700_000_500_000, { reason: 'over-quota' });
  await log.revoke(idOf('flood'), 1_700_000_600_000);
  expect((await log.find([idOf('flood')])).get(idOf('flood'))).toEqual({
    ...whose,
    jwt: 'jwt-flood',
    revokedAt: 1_700_000_500_000,
    revokedFor: 'over-quota',
  });
});

test('a stop is no revocation, its first one stays, and a stopped grant can be revoked', async () => {
  const log = createGrantLog(table);
  const id = idOf('stopped');
  await log.insert(id, 'jwt-busy', { ...about, keyId: 'k1' });
  expect(await log.stop(id, 1_700_000_500_000, { reason: 'over-quota' })).toBe('stopped');
  expect(await log.stop(id, 1_700_000_600_000, { reason: 'other' })).toBe('already-stopped');
  const stopped = {
    ...{ ...whose, jwt: 'jwt-busy', keyId: 'k1' },
    ...{ stoppedAt: 1_700_000_500_000, stoppedFor: 'over-quota' },
  };
  expect((await log.find([id])).get(id)).toEqual(stopped);
  expect(await log.revoke(id, 1_700_000_700_000)).toBe('revoked');
  expect((await log.find([id])).get(id)).toEqual({ ...stopped, revokedAt: 1_700_000_700_000 });
});

test('an unknown grant is left out, also when it was revoked', async () => {
  const log = createGrantLog(table);
  await log.revoke(idOf('never'), 1);
  expect(await log.find([idOf('never'), idOf('nowhere')])).toEqual(new Map());
  expect(await log.find([])).toEqual(new Map());
});

test('a revocation cannot be found as a grant', async () => {
  const log = createGrantLog(table);
  await log.revoke(idOf('odd'), 1);
  expect(await log.find([`revoked#${idOf('odd')}`])).toEqual(new Map());
});

test('more grants than one call takes are found, each named once or twice', async () => {
  const log = createGrantLog(table);
  const ids = Array.from({ length: 120 }, (_, i) => idOf(`many-${i}`));
  await Promise.all(ids.map((id) => log.insert(id, `jwt of ${id}`, about)));
  await log.revoke(ids[119] ?? '', 7);
  const found = await log.find([...ids, ...ids]);
  expect([...found.keys()]).toEqual(ids);
  expect(found.get(ids[60] ?? '')).toEqual({ ...whose, jwt: `jwt of ${ids[60]}` });
  expect(found.get(ids[119] ?? '')).toEqual({
    ...whose,
    jwt: `jwt of ${ids[119]}`,
    revokedAt: 7,
  });
});

// What the local DynamoDB never does, from a client that does it.

const jwtItem = { id: { S: idOf('a') }, jwt: { S: 'jwt-a' } };
const left = { grants: { Keys: [{ id: { S: idOf('a') } }] } };

function mocked() {
  const client = new DynamoDBClient({ region: 'us-east-1' });
  return { mock: mockClient(client), log: createGrantLog({ client, table: 'grants' }) };
}

test('grants are read strongly consistent, each with its revocation and its stop, in one call', async () => {
  const { mock, log } = mocked();
  mock.on(BatchGetItemCommand).resolves({});
  await log.find([idOf('a')]);
  const Keys = [
    { id: { S: idOf('a') } },
    { id: { S: `revoked#${idOf('a')}` } },
    { id: { S: `stopped#${idOf('a')}` } },
  ];
  expect(mock.calls().map(({ args }) => args[0].input)).toEqual([
    { RequestItems: { grants: { Keys, ConsistentRead: true } } },
  ]);
});

test('what DynamoDB leaves out is asked for again, and only that', async () => {
  const { mock, log } = mocked();
  mock
    .on(BatchGetItemCommand)
    .resolvesOnce({ UnprocessedKeys: left })
    .resolvesOnce({ UnprocessedKeys: left })
    .resolves({ Responses: { grants: [jwtItem] } });
  expect(await log.find([idOf('a')])).toEqual(new Map([[idOf('a'), { jwt: 'jwt-a' }]]));
  expect(mock.calls()[2]?.args[0].input).toEqual({
    RequestItems: { grants: { ...left.grants, ConsistentRead: true } },
  });
});

test('when it is left out until the deadline, that is throttling, never an unknown grant', async () => {
  const { mock, log } = mocked();
  const deadline = new AbortController();
  let calls = 0;
  mock.on(BatchGetItemCommand).callsFake(() => {
    if (++calls === 3) deadline.abort();
    return { UnprocessedKeys: left };
  });
  const code = await log.find([idOf('a')], deadline.signal).then(() => undefined, codeOf);
  expect(code).toBe('throttled');
  expect(calls).toBe(3);
});

test('another failure of a look-up is passed on', async () => {
  const { mock, log } = mocked();
  mock.on(BatchGetItemCommand).rejects(new Error('down'));
  await expect(log.find([idOf('a')])).rejects.toThrow('down');
});

test('a duplicate after a try whose answer was lost may be our own: no replay, but another try', async () => {
  const { mock, log } = mocked();
  const duplicate = (attempts: number) =>
    new DuplicateItemException({ message: 'Duplicate primary key', $metadata: { attempts } });
  mock.on(ExecuteStatementCommand).rejectsOnce(duplicate(2)).rejects(duplicate(1));
  const insert = () => log.insert(idOf('a'), 'jwt', about);
  expect(await insert().then(() => undefined, codeOf)).toBe('unavailable');
  expect(await insert()).toBe('replayed');
});
