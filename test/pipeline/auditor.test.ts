import { DynamoDBClient, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAuditClient } from '../../src/client/index.ts';
import { type Batch, signBatch } from '../../src/domain/seal.ts';
import { uuidSource } from '../../src/domain/uuid.ts';
import { createBatchWriter } from '../../src/store/batch-writer.ts';
import { feedLagMs } from '../../src/store/feed.ts';
import { event, lines } from '../fixture/events.ts';
import { type MovedClock, movedClock } from '../fixture/moved-clock.ts';
import { openPipeline, type Pipeline, until } from '../fixture/pipeline.ts';
import { anyBatch } from '../fixture/stored-batch.ts';
import { composed, put, type Tenant, type Vended, vend } from '../fixture/vended.ts';

// The feed is told up to 30 s ago: the auditor's clock is that far ahead, so that nobody waits for it.

interface Producer {
  readonly producer: string;
  readonly status: string;
  readonly head: { readonly seq: number; readonly batch: string } | null;
  readonly gaps: readonly { readonly from: number; readonly to: number }[];
  readonly forks: readonly number[];
  readonly fin: number | null;
}

const mint = uuidSource();
const hour = 3_600_000;
let pipeline: Pipeline;
let clock: MovedClock;

interface Writer {
  readonly tenant: Tenant;
  readonly vended: Vended;
  readonly batches: readonly Batch[];
}

/** A tenant with one producer, and batches of it that follow each other. */
async function writer(name: string, count: number): Promise<Writer> {
  const tenant = await pipeline.tenant(name);
  const vended = await vend(pipeline.url, tenant);
  const producer = mint(Date.now());
  const batches: Batch[] = [];
  for (let seq = 0; seq < count; seq++) {
    const prev = batches.at(-1)?.id ?? null;
    const { client } = tenant;
    batches.push(composed(lines(Date.now(), 1), { client, producer, seq, prev }));
  }
  return { tenant, vended, batches };
}

const send = ({ vended }: Writer, batches: readonly Batch[]) =>
  put(
    vended,
    batches.map((batch) => signBatch(batch, vended.grantId, vended.key)),
  );

/** Runs the auditor until a tenant's one producer is as it is to be. */
async function untilShown(tenant: Tenant, is: (producer: Producer) => boolean): Promise<Producer> {
  let shown: Producer | undefined;
  await until(async () => {
    expect(await pipeline.deployment.functions.get('auditor')?.invoke({})).toMatchObject({
      kind: 'ok',
    });
    const answer = await pipeline.get('/v1/producers', tenant);
    expect(answer.status).toBe(200);
    const { producers } = (await answer.json()) as { producers: Producer[] };
    expect(producers.length).toBeLessThanOrEqual(1);
    shown = producers[0];
    return shown !== undefined && is(shown);
  });
  return shown as Producer;
}

/** What the auditor counted, run after run. */
function counted(metric: string): number[] {
  return pipeline.printed
    .filter((text) => text.startsWith('sealtrail-dev-auditor: {"_aws"'))
    .flatMap((text) => JSON.parse(text.slice(text.indexOf('{')))[metric] ?? []);
}

let honest: Tenant;
let gap: Writer;
let forked: Writer;
let silent: Tenant;

beforeAll(async () => {
  pipeline = await openPipeline((resources) => {
    const [auditor] = Object.values(resources).filter(
      ({ Properties }) => Properties?.['FunctionName'] === 'sealtrail-dev-auditor',
    );
    const environment = auditor?.Properties['Environment'] as { Variables: Record<string, string> };
    environment.Variables['GAP_GRACE_SECONDS'] = '0';
  });
  clock = await movedClock(pipeline, 'auditor');
  clock.ahead(feedLagMs + 1000);
  honest = await pipeline.tenant('honest');
  const audit = createAuditClient({ url: pipeline.url, apiKey: honest.apiKey, maxBatchEvents: 5 });
  await Promise.all(Array.from({ length: 100 }, () => audit.record(event(Date.now()))));
  await audit.close();

  gap = await writer('gap', 5);
  await send(gap, gap.batches.toSpliced(2, 1));

  forked = await writer('forked', 4);
  const [first, second] = forked.batches;
  const { client, producer } = first as Batch;
  const prev = second?.id ?? null;
  await send(forked, [
    ...forked.batches,
    composed(lines(Date.now(), 1), { client, producer, seq: 2, prev }),
  ]);

  // As a consumer whose clock was that of three hours ago told the feed.
  silent = await pipeline.tenant('silent');
  const dynamodb = new DynamoDBClient(pipeline.asRoot);
  const table = pipeline.output('BatchesTable');
  const now = () => Date.now() - 3 * hour;
  const left = anyBatch({ tenant: silent.id, seq: 0, prev: null });
  await createBatchWriter({ client: dynamodb, table, now }).appendFeed(
    [left],
    'earlier',
    AbortSignal.timeout(10_000),
  );
  dynamodb.destroy();
  await pipeline.drained();
});
afterAll(async () => {
  await clock?.restore();
  await pipeline?.close();
});

test('a producer that fell silent without an end is shown and counted as unfinished', async () => {
  await untilShown(silent, ({ status }) => status === 'unfinished');
  await until(() => counted('ProducersUnfinished').at(-1) === 1);
});

test('an honest producer is shown whole, to its end', async () => {
  // Its batches overtake each other on the way, so that there may be gaps for a moment.
  const shown = await untilShown(honest, ({ fin, gaps }) => fin !== null && gaps.length === 0);
  expect(shown).toMatchObject({ status: 'finished', gaps: [], forks: [] });
  expect(shown.head?.seq).toBe(shown.fin);
});

test('a fork is shown, and counted', async () => {
  const shown = await untilShown(forked.tenant, ({ forks }) => forks.length > 0);
  expect(shown).toMatchObject({ forks: [2], gaps: [] });
  await until(() => counted('ProducerForks').length > 0);
});

test('a batch that is withheld is a gap, shown and counted until it comes', async () => {
  const shown = await untilShown(gap.tenant, ({ gaps }) => gaps.length > 0);
  expect(shown).toMatchObject({
    status: 'open',
    head: { seq: 1, batch: gap.batches[1]?.id },
    gaps: [{ from: 2, to: 2 }],
    forks: [],
  });
  await until(() => counted('ProducerGaps').at(-1) === 1);

  await send(gap, gap.batches.slice(2, 3));
  const closed = await untilShown(gap.tenant, ({ gaps }) => gaps.length === 0);
  expect(closed.head).toEqual({ seq: 4, batch: gap.batches[4]?.id });
  await until(async () => {
    await pipeline.deployment.functions.get('auditor')?.invoke({});
    return counted('ProducerGaps').at(-1) === 0;
  });
  // What is stored is compared with what the feed told, as its role lets it.
  expect(counted('BatchesUntold').at(-1)).toBe(0);
  expect(pipeline.printed.join()).not.toContain('could not be compared');
  // The one fork: told by the run that heard of it, and by another one that was under way at that moment.
  expect(counted('ProducerForks').length).toBeLessThanOrEqual(2);
  expect(new Set(counted('ProducerForks'))).toEqual(new Set([1]));
});

test('the auditor’s role may read no batch, and alter none', async () => {
  const dynamodb = new DynamoDBClient(pipeline.asRole('AuditorRole'));
  const TableName = pipeline.output('BatchesTable');
  const { to } = gap.batches[0] as Batch;
  const query = (pk: string) =>
    dynamodb.send(
      new QueryCommand({
        TableName,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': { S: pk } },
      }),
    );
  const { id } = gap.tenant;
  expect((await query(`${id}#calendar`)).Items?.length).toBeGreaterThan(0);
  await expect(query(`${id}#${to.slice(0, 10)}#0`)).rejects.toThrow('dynamodb:Query');
  const item = { pk: { S: `${id}#calendar` }, sk: { S: 'x' } };
  await expect(dynamodb.send(new PutItemCommand({ TableName, Item: item }))).rejects.toThrow(
    'dynamodb:PutItem',
  );
  dynamodb.destroy();
});
