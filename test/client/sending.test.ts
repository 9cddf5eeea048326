import { expect, test } from 'vitest';
import { toTime } from '../../src/domain/encoding.ts';
import { input, start, world } from '../fixture/audit-client.ts';

const minute = 60_000;

test('of a request that failed in part only the failed records are sent again, with the same bytes', async () => {
  const { client, clock, stream, lines } = world({ maxBatchEvents: 1, inFlight: 1 });
  stream.fate = ({ number }) => ({
    kind: 'taken',
    except: (_, index) => number === 0 && index % 2 === 1,
  });
  for (let n = 0; n < 6; n++) void client.record(input(n));
  await clock.while(client.flush());
  const [first, ...again] = stream.requests;
  expect(first?.records).toHaveLength(6);
  const failed = first?.records.filter((_, index) => index % 2 === 1).map(({ data }) => data);
  const resent = again.flatMap(({ records }) => records.map(({ data }) => data));
  expect(resent).toEqual(failed);
  expect(stream.taken).toHaveLength(6);
  expect(lines()).toHaveLength(6);
  expect(client.stats()).toMatchObject({ accepted: 6, batches: 6, retries: 3, resigned: 0 });
  expect(client.stats().lastError?.code).toBe('ProvisionedThroughputExceededException');
});

test('a request whose answer is lost is sent again with the same bytes', async () => {
  const { client, clock, stream } = world();
  stream.fate = ({ number }) => ({ kind: number < 3 ? 'lost' : 'taken' });
  const receipt = client.record(input(0));
  const { sequenceNumber } = await clock.while(receipt);
  expect(stream.taken).toHaveLength(4);
  expect(new Set(stream.taken.map(({ data }) => data.toString('base64'))).size).toBe(1);
  expect(sequenceNumber).toBe('4');
});

test('an outage of days loses nothing: batches are signed again under newer grants and keep their ids', async () => {
  const { client, clock, stream, token, taken } = world({ maxBatchEvents: 2 });
  stream.fate = () => ({ kind: 'failed', name: 'InternalFailure' });
  for (let n = 0; n < 6; n++) void client.record(input(n));
  await clock.advance(3 * 60 * minute);
  stream.fate = ({ number }) => ({ kind: number % 2 === 0 ? 'lost' : 'taken' });
  await clock.while(client.flush());
  expect(token.grants.length).toBeGreaterThan(3);
  const batches = taken();
  expect(new Set(batches.map(({ id }) => id)).size).toBe(3);
  for (const { grant } of batches) expect(grant).not.toBe(token.grants[0]);
  const ids = new Set(stream.requests.flatMap(({ records }) => records.map((r) => r.partitionKey)));
  expect(ids.size).toBe(3);
  expect(client.stats().resigned).toBeGreaterThanOrEqual(3);
  // Under one grant a batch always went out as the same bytes.
  const bytes = new Set(
    stream.requests.flatMap(({ records }) => records.map((r) => String(r.data))),
  );
  expect(bytes.size).toBeLessThanOrEqual(3 * token.grants.length);
});

test('nothing is sent under a grant that ends within 30 seconds', async () => {
  const { client, clock, stream, token, taken } = world({ lingerMs: 0 });
  await clock.while(client.record(input(0)));
  const end = token.grants[0]?.expiresAt ?? 0;
  token.mode = 'down';
  await clock.advance(end - clock.now() - 30_000);
  await clock.while(client.record(input(1)));
  expect(stream.taken).toHaveLength(2);
  await clock.advance(1);
  void client.record(input(2));
  await clock.advance(10 * minute);
  expect(stream.taken).toHaveLength(2);
  token.mode = 'up';
  await clock.while(client.flush());
  expect(taken().map(({ grant }) => token.grants.indexOf(grant))).toEqual([0, 0, 1]);
});

test('expired and unrecognised credentials are renewed, and the batch follows', async () => {
  for (const name of ['ExpiredTokenException', 'UnrecognizedClientException']) {
    const { client, clock, stream, token } = world();
    stream.fate = ({ number }) => (number === 0 ? { kind: 'failed', name } : { kind: 'taken' });
    await clock.while(client.record(input(0)));
    expect(token.grants).toHaveLength(2);
    expect(stream.requests.at(-1)?.config.credentials).toMatchObject({ accessKeyId: 'AKIA2' });
    expect(client.stats()).toMatchObject({ stalled: 0, resigned: 1 });
  }
});

test('a denial renews the credentials once, then is waited out and counted', async () => {
  const { client, clock, stream, token } = world({}, { random: () => 0.99 });
  stream.fate = () => ({ kind: 'failed', name: 'AccessDeniedException' });
  const receipt = client.record(input(0));
  await clock.advance(20 * minute);
  expect(token.grants).toHaveLength(2);
  const { stalled } = client.stats();
  expect(stalled).toBeGreaterThan(10);
  expect(stalled).toBeLessThan(60);
  stream.fate = () => ({ kind: 'taken' });
  await clock.while(receipt);
  expect(client.stats().accepted).toBe(1);
});

test('a missing stream is waited out and counted', async () => {
  const { client, clock, stream } = world();
  stream.fate = () => ({ kind: 'failed', name: 'ResourceNotFoundException' });
  const receipt = client.record(input(0));
  await clock.until(() => client.stats().stalled === 3);
  expect(client.stats().lastError?.code).toBe('ResourceNotFoundException');
  stream.fate = () => ({ kind: 'taken' });
  await clock.while(receipt);
});

test('a request that hangs is given up and sent again', async () => {
  const { client, clock, stream } = world();
  stream.fate = ({ number }) => ({ kind: number === 0 ? 'hangs' : 'taken' });
  const receipt = client.record(input(0));
  await clock.while(receipt);
  expect(clock.now() - start).toBeLessThan(20_000);
  expect(stream.requests).toHaveLength(2);
});

test('many batches share a request, within the limits of PutRecords', async () => {
  const { client, clock, stream, token } = world({ maxBatchEvents: 1, inFlight: 1 });
  token.mode = 'down';
  for (let n = 0; n < 1200; n++) void client.record(input(n));
  await clock.advance(1000);
  token.mode = 'up';
  await clock.while(client.flush());
  const counts = stream.requests.map(({ records }) => records.length);
  expect(counts).toEqual([500, 500, 200]);
});

test('no more requests are in flight than allowed', async () => {
  const { client, clock, stream } = world({ maxBatchEvents: 1, inFlight: 3 });
  stream.fate = () => ({ kind: 'hangs' });
  for (let n = 0; n < 10; n++) {
    void client.record(input(n));
    await clock.settle();
  }
  expect(stream.requests).toHaveLength(3);
  stream.fate = () => ({ kind: 'taken' });
  await clock.while(client.flush());
  expect(stream.taken).toHaveLength(10);
});

test('a batch waits until its latest time is not in the future, and holds up no other', async () => {
  const { client, clock, stream, lines } = world({ lingerMs: 10 });
  const ahead = client.record(input(0, { time: toTime(start + 2 * minute) }));
  const present = client.record(input(1));
  await clock.while(present);
  await clock.advance(2 * minute - 100);
  expect(stream.taken).toHaveLength(1);
  await clock.while(ahead);
  expect(stream.taken[1]?.at).toBe(start + 2 * minute);
  expect(lines()).toHaveLength(2);
});

test('a machine whose clock is set back a day goes on at the next refresh of its grant', async () => {
  const { client, clock, stream, setBack } = world({}, { random: () => 0.99 });
  stream.fate = ({ number }) =>
    number === 0 ? { kind: 'failed', name: 'ServiceUnavailable' } : { kind: 'taken' };
  const receipt = client.record(input(0));
  await clock.until(() => stream.requests.length === 1);
  setBack(24 * 60 * minute);
  const before = clock.now();
  await clock.while(receipt);
  expect(clock.now() - before).toBeLessThan(32 * minute);
});
