import { createDynamoDb } from './dynamodb/service.ts';
import type { EventSourceMapping } from './event-source-mapping/event-source-mapping.ts';
import { createFaults, type Faults } from './faults.ts';
import { createFrontDoor } from './front-door.ts';
import { createIam, type Iam } from './iam.ts';
import { createKinesis } from './kinesis/service.ts';
import { createKms } from './kms.ts';
import type { LambdaFunction } from './lambda/function.ts';
import { createLambdaService } from './lambda-service.ts';
import { createObjectStore } from './object-store.ts';
import type { Place } from './service.ts';
import { createSts } from './sts.ts';
import { createLocalProvider } from './template/local-provider.ts';
import { provision } from './template/provision.ts';

export interface DeployOptions {
  /** Folder of the cloud assembly. */
  readonly assembly: string;
  /** Port of the front door. @default a free one */
  readonly port?: number;
  /** @default account 000000000000 in us-east-1 */
  readonly place?: Place;
  /** Every line that a function prints. @default passed over */
  readonly log?: (functionName: string, line: string) => void;
}

/** An app that runs on this machine alone. */
export interface LocalDeployment {
  /** The front door: the HTTP API, and the endpoint of every AWS service. */
  readonly url: string;
  readonly place: Place;
  /** By stack, then by name. */
  readonly outputs: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** The local operator's, who may do everything but what a resource policy denies. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** By the last part of the physical name: `token`, `consumer`, `read`, `auditor`. */
  readonly functions: ReadonlyMap<string, LambdaFunction>;
  /** From the stream to the consumer, started. */
  readonly mapping: EventSourceMapping;
  readonly faults: Faults;
  readonly iam: Iam;
  /**
   * Deploys another assembly over this one, as `cdk deploy` would: data and what is in the stream stay, functions
   * and policies are exchanged, invocations under way finish on the old code.
   *
   * @throws when data would be lost, or something is changed that cannot be while it runs: by name, and before
   * anything is changed. What fails later is not rolled back.
   */
  update(assembly: string): Promise<void>;
  /** Resolves once no process, port or timer of it is left. */
  close(): Promise<void>;
}

/**
 * Runs a cloud assembly on loopback: the services behind one front door, what its templates declare in them, each
 * function in processes of its own, and the mapping between stream and consumer.
 *
 * @throws when something cannot be made, by name; nothing is left running then
 */
export async function deployLocally(options: DeployOptions): Promise<LocalDeployment> {
  const { assembly, port, log = () => {} } = options;
  const place = options.place ?? { account: '000000000000', region: 'us-east-1' };
  const iam = createIam(place);
  const faults = createFaults();
  const kms = createKms(place);
  const kinesis = createKinesis({ place, keyPolicy: (arn) => kms.policyOf(arn) });
  const dynamodb = createDynamoDb(place);
  const objects = createObjectStore({ place, endpoint: () => door.url });
  const lambda = createLambdaService({ place, find: (name) => provider?.functions.get(name) });
  const services = [
    createSts({ place, iam }),
    kms,
    kinesis,
    dynamodb,
    objects.s3,
    objects.sqs,
    lambda,
  ];
  const door = createFrontDoor({
    place,
    iam,
    faults,
    services,
    ...(port !== undefined && { port }),
    site(request, response) {
      const api = provider?.site();
      if (api !== undefined) api.handle(request, response);
      else
        response
          .writeHead(404, { 'content-type': 'application/json' })
          .end('{"message":"Not Found"}');
    },
  });
  let provider: ReturnType<typeof createLocalProvider> | undefined;

  async function close(): Promise<void> {
    await provider?.close();
    await door.close();
    await Promise.all(services.map((service) => service.close()));
    await objects.close();
  }

  try {
    await door.listen();
    const endpoint = door.url;
    provider = createLocalProvider({ place, iam, kms, kinesis, dynamodb, objects, endpoint, log });
    const made = provider;
    let stacks = await provision({ assembly, place, provider });
    const [mapping, ...others] = provider.mappings;
    if (mapping === undefined || others.length > 0) {
      throw new Error('The templates must hold exactly one event source mapping');
    }
    mapping.start();
    provider.schedules.start();
    const { accessKeyId, secretAccessKey } = iam.root;
    return {
      url: endpoint,
      place,
      get outputs() {
        return Object.fromEntries(stacks.map(({ name, outputs }) => [name, outputs]));
      },
      credentials: { accessKeyId, secretAccessKey },
      get functions() {
        return new Map([...made.functions].map(([name, each]) => [lastPart(name), each]));
      },
      mapping,
      faults,
      iam,
      async update(assembly) {
        stacks = await provision({ assembly, place, provider: made, running: stacks });
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('-') + 1);
}
