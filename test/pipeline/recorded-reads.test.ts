import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askJson, askViewerToken, type Json } from '../fixture/ask.ts';
import { openPipeline, type Pipeline, until } from '../fixture/pipeline.ts';
import { sharedPipeline } from '../fixture/shared-pipeline.ts';
import { takeRight } from '../fixture/take-right.ts';
import type { Tenant } from '../fixture/vended.ts';

let pipeline: Pipeline;
let acme: Tenant;

beforeAll(async () => {
  pipeline = await sharedPipeline();
  acme = await pipeline.tenant('acme');
});
afterAll(() => pipeline?.close());

const json = (path: string, tenant: Pick<Tenant, 'apiKey'> = acme) =>
  askJson(pipeline, path, tenant);

describe('every read', () => {
  const ofReads = 'action=audit.log.read&order=asc';

  test('is an event of the tenant’s log, with who asked what, once a quarter of an hour', async () => {
    const tenant = await pipeline.tenant('watched');
    const from = Date.now();
    for (let i = 0; i < 5; i++) await json('/v1/events?actor=eve&limit=7', tenant);
    const quarters = 1 + Math.floor(Date.now() / 900_000) - Math.floor(from / 900_000);
    await pipeline.drained();
    const { events } = await json(`/v1/events?${ofReads}`, tenant);
    const about = events.filter(({ event: { metadata } }: Json) => metadata.filters === 'actor');
    expect(about.length).toBeGreaterThanOrEqual(1);
    expect(about.length).toBeLessThanOrEqual(quarters);
    expect(about[0]).toMatchObject({
      client: 'sealtrail.read',
      event: {
        actor: { type: 'apiKey', name: 'billing' },
        targets: [{ type: 'log', id: tenant.id }],
        metadata: { request: 'GET /v1/events' },
      },
    });
  });

  test('that a viewer token makes names the key that made it; that it was made is told too', async () => {
    const { token } = await askViewerToken(pipeline, acme);
    await json('/v1/events?q=script', { apiKey: token });
    await pipeline.drained();
    const { events } = await json(`/v1/events?${ofReads}&action=audit.viewer.create`);
    const [made] = events.filter((each: Json) => each['event'].action === 'audit.viewer.create');
    expect(made).toMatchObject({
      client: 'sealtrail.read',
      event: {
        actor: { type: 'apiKey', name: 'billing' },
        metadata: { filter: '{"metadata.customer":"one"}', proof: false },
      },
    });
    const id = made.event.targets[1].id;
    const [read] = events.filter((each: Json) => each['event'].actor.id === id);
    expect(read.event).toMatchObject({
      actor: { type: 'viewerToken', onBehalfOf: { type: 'apiKey' } },
      metadata: { request: 'GET /v1/events' },
    });
    expect(JSON.stringify(events)).not.toContain('script');
  });

  test('is counted for the key and for the viewer token, under the rights that the stack gives', async () => {
    const { token } = await askViewerToken(pipeline, acme);
    const client = new DynamoDBClient(pipeline.asRoot);
    const counted = async () => {
      await json('/v1/events?limit=1', { apiKey: token });
      const { Items = [] } = await client.send(
        new ScanCommand({ TableName: pipeline.output('QuotasTable') }),
      );
      const names = Items.map(({ id }) => id?.S ?? '');
      return names.some((name) => /^read#[a-z0-9]+#[0-9a-f-]{36}#\d+$/.test(name));
    };
    await until(counted);
    client.destroy();
  });

  test('is no producer that could be missed', async () => {
    const clients = (await json('/v1/producers'))['producers'].map(({ client }: Json) => client);
    expect(clients).not.toContain('sealtrail.read');
  });
});

const isAsking = ({ Sid }: { Sid?: string }) => Sid === 'AskForReadGrants';

test('a read that cannot be recorded is answered, counted and told', async () => {
  const tenant = await pipeline.tenant('acme');
  const giveBack = takeRight(pipeline, 'ReadApiReadRole', isAsking);
  try {
    expect((await pipeline.get('/v1/events', tenant)).status).toBe(200);
    await until(() => pipeline.printed.some((text) => text.includes('"ReadsUnrecorded":1')));
  } finally {
    giveBack();
  }
});

test('a read that cannot be recorded is refused where reads must be recorded', async () => {
  const strict = await openPipeline((resources) => {
    for (const [id, { Type, Properties }] of Object.entries(resources) as [string, Json][])
      if (Type === 'AWS::Lambda::Function' && id.startsWith('ReadApi'))
        Properties.Environment.Variables.READS_MUST_BE_RECORDED = 'true';
  });
  takeRight(strict, 'ReadApiReadRole', isAsking);
  try {
    const response = await strict.get('/v1/events', await strict.tenant('acme'));
    expect(response.status).toBe(503);
    await until(() => strict.printed.some((text) => text.includes('"ReadsUnrecorded":1')));
  } finally {
    await strict.close();
  }
});
