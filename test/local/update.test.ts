import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Event } from '../../src/domain/event.ts';
import { compareLog } from '../../src/local/demo/read-back.ts';
import { sampleEvents } from '../../src/local/demo/sample-events.ts';
import { ship } from '../../src/local/demo/ship.ts';
import { createTenants, type DemoTenant, outputOf } from '../../src/local/demo/tenants.ts';
import { deployLocally, type LocalDeployment } from '../../src/local/deployment.ts';
import { synth } from '../../src/local/synth.ts';
import { editedAssembly, prependCode, type Resources } from '../fixture/edited-assembly.ts';

let assembly: string;
let deployment: LocalDeployment;
let tenant: DemoTenant;
const recorded = new Map<string, string>();
const lines: string[] = [];

const next = sampleEvents(Date.now);
const events = (count: number): Event[] => Array.from({ length: count }, next);

async function shipMore(count: number): Promise<void> {
  const { lines } = await ship(deployment.url, tenant, events(count), () => {});
  for (const [id, line] of lines) recorded.set(id, line);
}

const readBack = () => compareLog(deployment.url, tenant, recorded, () => {});
const whole = () => ({ readBack: recorded.size, lost: 0, altered: 0, duplicates: 0 });

/** The one resource whose logical id begins so. */
function idOf(resources: Resources, start: string): string {
  const found = Object.keys(resources).filter((id) => id.startsWith(start));
  expect(found).toHaveLength(1);
  return found[0] ?? '';
}

function propertiesOf(resources: Resources, start: string): Record<string, unknown> {
  return resources[idOf(resources, start)]?.Properties ?? {};
}

const statusOf = async (path: string) =>
  (await fetch(deployment.url + path, { headers: { authorization: `Bearer ${tenant.apiKey}` } }))
    .status;

beforeAll(async () => {
  // With a key of one's own for the stream: without leave to use it, nothing could be put or read.
  ({ assembly } = await synth({ context: { streamKey: 'own' } }));
  deployment = await deployLocally({
    assembly,
    log: (name, line) => lines.push(`${name}: ${line}`),
  });
  const [first] = await createTenants(deployment, 1);
  if (first === undefined) throw new Error('no tenant');
  tenant = first;
  await shipMore(300);
}, 240_000);
afterAll(() => deployment?.close());

describe('an update over what runs', () => {
  test('exchanges a function and keeps every event, and more are taken', async () => {
    expect(await readBack()).toEqual(whole());
    await deployment.update(
      editedAssembly(assembly, 'Service', (resources, folder) => {
        prependCode(resources, folder, 'sealtrail-dev-read', "console.log('version two');");
      }),
    );
    expect(await readBack()).toEqual(whole());
    await shipMore(200);
    expect(await readBack()).toEqual(whole());
    expect(lines.some((line) => line.includes('version two'))).toBe(true);
  });

  test('of the same assembly starts nothing anew', async () => {
    const read = deployment.functions.get('read');
    if (read === undefined) throw new Error('no function read');
    const replaced = vi.spyOn(read, 'replace');
    await deployment.update(assembly);
    expect(replaced).toHaveBeenCalledOnce();
    await deployment.update(assembly);
    expect(replaced).toHaveBeenCalledOnce();
    expect(deployment.functions.get('read')).toBe(read);
    expect(await readBack()).toEqual(whole());
  });

  test('takes a permission away, and gives it back', async () => {
    const without = editedAssembly(assembly, 'Service', (resources) => {
      const policy = propertiesOf(resources, 'ReadApiReadRoleDefaultPolicy');
      const document = policy['PolicyDocument'] as { Statement: { Sid: string }[] };
      document.Statement = document.Statement.filter(({ Sid }) => Sid !== 'ReadSummaries');
    });
    await deployment.update(without);
    expect(await statusOf('/v1/events')).toBeGreaterThanOrEqual(500);
    await deployment.update(assembly);
    expect(await readBack()).toEqual(whole());
  });

  test('takes a route away, and gives it back', async () => {
    const without = editedAssembly(assembly, 'Service', (resources) => {
      const [gone = ''] =
        Object.entries(resources).find(
          ([, { Properties }]) => Properties['RouteKey'] === 'GET /v1/feed',
        ) ?? [];
      delete resources[gone];
      const stage = Object.values(resources).find(
        ({ Type }) => Type === 'AWS::ApiGatewayV2::Stage',
      ) as unknown as {
        Properties: { RouteSettings: Record<string, unknown> };
        DependsOn: string[];
      };
      delete stage.Properties.RouteSettings['GET /v1/feed'];
      stage.DependsOn = stage.DependsOn.filter((id) => id !== gone);
    });
    expect(await statusOf('/v1/feed')).toBe(200);
    await deployment.update(without);
    expect(await statusOf('/v1/feed')).toBe(404);
    await deployment.update(assembly);
    expect(await statusOf('/v1/feed')).toBe(200);
  });

  test('gives a function another environment', async () => {
    const other = editedAssembly(assembly, 'Service', (resources) => {
      const { Variables } = propertiesOf(resources, 'TokenServiceTokenFunction')['Environment'] as {
        Variables: Record<string, string>;
      };
      Variables['SESSION_SECONDS'] = 'soon';
    });
    await deployment.update(other);
    expect(await statusOf('/.well-known/jwks.json')).toBe(500);
    await deployment.update(assembly);
    expect(await statusOf('/.well-known/jwks.json')).toBe(200);
  });
});

test('what comes faster than the stage lets through is refused before any function, on its route only', async () => {
  const slow = editedAssembly(assembly, 'Service', (resources) => {
    for (const { Type, Properties } of Object.values(resources)) {
      if (Type === 'AWS::ApiGatewayV2::Stage')
        Properties['DefaultRouteSettings'] = {
          ThrottlingRateLimit: 0.001,
          ThrottlingBurstLimit: 3,
        };
    }
  });
  await deployment.update(slow);
  const token = deployment.functions.get('token');
  if (token === undefined) throw new Error('no function token');
  const invoked = vi.spyOn(token, 'invoke');
  const statuses = [];
  for (let n = 0; n < 5; n++) statuses.push(await statusOf('/.well-known/jwks.json'));
  expect(statuses).toEqual([200, 200, 200, 429, 429]);
  expect(invoked).toHaveBeenCalledTimes(3);
  expect(await statusOf('/v1/feed')).toBe(200);
  await deployment.update(assembly);
  expect(await statusOf('/.well-known/jwks.json')).toBe(200);
});

describe('an update that would lose data is refused, and changes nothing', () => {
  afterAll(async () => expect(await readBack()).toEqual(whole()));

  test('a table of another logical id', async () => {
    const renamed = editedAssembly(assembly, 'Data', (resources) => {
      const id = idOf(resources, 'Quotas');
      const table = resources[id];
      if (table !== undefined) resources['Quotas2'] = table;
      delete resources[id];
    });
    await expect(deployment.update(renamed)).rejects.toThrow(
      /refused:\n {2}SealtrailData-dev\/Quotas\w+ \(AWS::DynamoDB::Table\): would be removed, with its data/,
    );
    const client = new DynamoDBClient({
      endpoint: deployment.url,
      region: deployment.place.region,
      credentials: deployment.credentials,
    });
    const quotas = await client.send(
      new ScanCommand({ TableName: outputOf(deployment, 'QuotasTable') }),
    );
    expect(quotas.Count).toBeGreaterThan(0);
    client.destroy();
  });

  test.each<
    [string, 'Data' | 'Service', string, (properties: Record<string, unknown>) => void, RegExp]
  >([
    [
      'a table of other keys',
      'Data',
      'Grants',
      (table) => {
        table['KeySchema'] = [{ AttributeName: 'other', KeyType: 'HASH' }];
      },
      /Grants\w+ .*KeySchema differs: it would be replaced, without its data/,
    ],
    [
      'another name of the stream',
      'Data',
      'Stream7',
      (stream) => {
        stream['Name'] = 'other';
      },
      /Name differs: it would be replaced/,
    ],
    [
      'a mapping that would begin again',
      'Service',
      'ConsumerMapping',
      (mapping) => {
        mapping['BatchSize'] = 7;
      },
      /BatchSize cannot be changed here/,
    ],
  ])('%s', async (_, stack, start, edit, reason) => {
    const edited = editedAssembly(assembly, stack, (resources) =>
      edit(propertiesOf(resources, start)),
    );
    await expect(deployment.update(edited)).rejects.toThrow(reason);
  });

  test('what differs without any effect on data is taken', async () => {
    const tagged = editedAssembly(assembly, 'Data', (resources) => {
      for (const { Type, Properties } of Object.values(resources)) {
        if (/Table|Stream|Key|Bucket$|Queue$/.test(Type))
          Properties['Tags'] = [{ Key: 'team', Value: 'audit' }];
      }
    });
    await deployment.update(tagged);
    await shipMore(10);
    expect(await readBack()).toEqual(whole());
  });
});
