import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as later } from 'node:timers/promises';
import type { Fault, Faults } from '../../src/local/faults.ts';
import { createFrontDoor } from '../../src/local/front-door.ts';
import { createIam } from '../../src/local/iam.ts';
import { createKinesis } from '../../src/local/kinesis/service.ts';
import type { AwsRequest, AwsResponse, AwsService } from '../../src/local/service.ts';
import { type FakeTokenService, fakeTokenService } from '../fake/token-service.ts';
import { allow, place, policy } from '../fixture/front-door.ts';
import { fatesOf, type RequestFate } from './plan.ts';

/** A record that the stream has taken. */
export interface TakenRecord {
  readonly data: Buffer;
  readonly partitionKey: string;
  /** Epoch ms. */
  readonly arrival: number;
}

/** What the stream has seen of one seed. */
export interface SeedTraffic {
  readonly token: FakeTokenService;
  readonly taken: TakenRecord[];
  /** Partition keys that were put again although this process had been told that they were taken. */
  readonly needless: string[];
  /** The process is another one. */
  newLife(): void;
}

interface Traffic extends SeedTraffic {
  readonly fates: Generator<RequestFate, never>;
  fate: RequestFate;
  life: number;
  /** By session, which is one life's: a request of a process that is dead may be handled later. */
  readonly told: Map<string, Set<string>>;
}

interface PutInput {
  readonly Records: { readonly Data: string; readonly PartitionKey: string }[];
}

const streamName = 'events';
const role = `arn:aws:iam::${place.account}:role/writer`;
const json = { 'content-type': 'application/x-amz-json-1.1' };

/**
 * The local front door with one stream and a token service: one for all seeds. A seed is known by its
 * path (`/<seed>/v1/credentials`) and by the name of its session, and has its own faults.
 */
export async function openDoor() {
  const iam = createIam(place);
  const kinesis = createKinesis({ place });
  // As many shards as keep the stream's own limits out of the way: faults are the plan's.
  const { arn } = kinesis.createStream({
    name: streamName,
    shards: 64,
    mode: 'PROVISIONED',
    retentionHours: 24,
  });
  const policies = [{ name: 'put', policy: policy(allow('kinesis:PutRecords', arn)) }];
  iam.putRole({ name: 'writer', arn: role, trust: policy(), policies });
  const fates = new WeakMap<AwsRequest, RequestFate>();
  const traffics = new Map<string, Traffic>();
  const trafficOf = (principal: string) => traffics.get(/seed-(\d+)/.exec(principal)?.[1] ?? '');

  const faults: Faults = {
    add: () => () => {},
    clear: () => {},
    seen: new Map(),
    strike({ principal }) {
      const traffic = trafficOf(principal);
      if (traffic === undefined) return undefined;
      traffic.fate = traffic.fates.next().value;
      return faultOf(traffic.fate);
    },
  };
  const stream: AwsService = {
    ...kinesis,
    // Called in the same turn as `strike`, whereas another request may be struck before `handle` is.
    access(request) {
      const traffic = trafficOf(request.principal.arn);
      if (traffic !== undefined) fates.set(request, traffic.fate);
      return kinesis.access(request);
    },
    async handle(request) {
      const traffic = trafficOf(request.principal.arn);
      const fate = fates.get(request);
      if (traffic === undefined || fate === undefined) return kinesis.handle(request);
      if (fate.kind === 'delayed') await later(fate.ms);
      return put(kinesis, traffic, fate, request);
    },
  };
  const door = createFrontDoor({ place, iam, services: [stream], faults, site });
  await door.listen();

  async function site(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, seed = '', ...path] = (request.url ?? '').split('/');
    const traffic = traffics.get(seed);
    const answer = await traffic?.token.fetch(`${door.url}/${seed}/${path.join('/')}`, {
      method: 'POST',
      headers: Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
      ),
      body: await text(request),
      signal: AbortSignal.timeout(10_000),
      redirect: 'error',
    });
    const body = (await answer?.json()) as { transport?: object };
    if (body.transport !== undefined) {
      const session = {
        sessionName: `seed-${seed}.${traffic?.life}`,
        seconds: 3600,
        now: Date.now(),
      };
      const { accessKeyId, secretAccessKey, sessionToken, expiration } = iam.assume(role, session);
      body.transport = {
        kind: 'kinesis',
        stream: arn,
        region: place.region,
        endpoint: door.url,
        credentials: {
          accessKeyId,
          secretAccessKey,
          sessionToken,
          expiresAt: expiration.toISOString(),
        },
      };
    }
    response.writeHead(answer?.status ?? 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  }

  return {
    /** Where a seed's token service is. */
    urlOf: (seed: number) => `${door.url}/${seed}`,
    /** Begins to serve a seed. */
    serve(seed: number): SeedTraffic {
      const traffic: Traffic = {
        token: fakeTokenService(Date.now, { address: `${door.url}/${seed}` }),
        taken: [],
        needless: [],
        fates: fatesOf(seed),
        fate: { kind: 'answered' },
        life: 0,
        told: new Map(),
        newLife() {
          traffic.life += 1;
        },
      };
      traffics.set(String(seed), traffic);
      return traffic;
    },
    forget: (seed: number) => traffics.delete(String(seed)),
    async close() {
      await door.close();
      await kinesis.close();
    },
  };
}

function faultOf(fate: RequestFate): Fault | undefined {
  switch (fate.kind) {
    case 'throttled':
      return { kind: 'error', code: 'ProvisionedThroughputExceededException', status: 400 };
    case 'failed':
      return { kind: 'error', code: 'InternalFailure', status: 500 };
    case 'cut':
    case 'cut-after':
      return { kind: fate.kind };
    default:
      return undefined;
  }
}

/** A batch that was throttled goes by other keys: its id, a dot, and how often. */
const batchOf = (partitionKey: string) => partitionKey.split('.')[0] ?? '';

/** Takes what the fate lets it take of a request, and notes what the caller is told. */
async function put(
  kinesis: AwsService,
  traffic: Traffic,
  fate: RequestFate,
  request: AwsRequest,
): Promise<AwsResponse> {
  const { taken, needless } = traffic;
  const told = traffic.told.get(request.principal.arn) ?? new Set();
  traffic.told.set(request.principal.arn, told);
  const input = JSON.parse(String(request.body)) as PutInput;
  for (const { PartitionKey } of input.Records)
    if (told.has(batchOf(PartitionKey))) needless.push(batchOf(PartitionKey));
  const isTaken = (index: number) =>
    fate.kind !== 'partial' || ((fate.mask >> (index % 16)) & 1) === 0;
  const kept = input.Records.filter((_, index) => isTaken(index));
  const results: object[] = [];
  if (kept.length > 0) {
    const body = Buffer.from(JSON.stringify({ ...input, Records: kept }));
    const answer = await kinesis.handle({ ...request, body });
    if (answer.status !== 200) return answer;
    const { Records } = JSON.parse(String(answer.body)) as { Records: { ErrorCode?: string }[] };
    Records.forEach((result, i) => {
      results.push(result);
      const record = kept[i];
      if (record === undefined || result.ErrorCode !== undefined) return;
      const { Data, PartitionKey: partitionKey } = record;
      taken.push({ data: Buffer.from(Data, 'base64'), partitionKey, arrival: Date.now() });
      traffic.token.stored.add(batchOf(partitionKey));
      if (fate.kind !== 'cut-after') told.add(batchOf(partitionKey));
    });
  }
  const refused = { ErrorCode: 'ProvisionedThroughputExceededException', ErrorMessage: 'injected' };
  const Records = input.Records.map((_, index) => (isTaken(index) ? results.shift() : refused));
  const FailedRecordCount = Records.filter(
    (each) => each !== undefined && 'ErrorCode' in each,
  ).length;
  return { status: 200, headers: json, body: JSON.stringify({ FailedRecordCount, Records }) };
}
