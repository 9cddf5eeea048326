import { randomUUID } from 'node:crypto';
import type { createDynamoDb } from '../dynamodb/service.ts';
import { createHttpApi, type HttpApi, type HttpApiFunction } from '../http-api.ts';
import type { Iam } from '../iam.ts';
import type { createKinesis } from '../kinesis/service.ts';
import type { createKms } from '../kms.ts';
import { createFunction, type LambdaFunction } from '../lambda/function.ts';
import type { createObjectStore } from '../object-store.ts';
import { createSchedules, type Schedules } from '../schedule.ts';
import type { Place } from '../service.ts';
import { createLocalMapping, type LocalMapping } from './local-mapping.ts';
import { mayInvoke } from './may-invoke.ts';
import type { FunctionSpec, Made, PermissionSpec, Provider } from './provider.ts';
import { createRoles } from './roles.ts';
import { tableInput } from './table-input.ts';

export interface LocalProviderOptions {
  readonly place: Place;
  readonly iam: Iam;
  readonly kms: ReturnType<typeof createKms>;
  readonly kinesis: ReturnType<typeof createKinesis>;
  readonly dynamodb: ReturnType<typeof createDynamoDb>;
  readonly objects: ReturnType<typeof createObjectStore>;
  /** The front door's URL. It must be listening before anything is made. */
  readonly endpoint: string;
  readonly log: (functionName: string, line: string) => void;
}

/** What was made, beside what the services hold themselves. */
export interface LocalProvider extends Provider {
  /** By physical name. */
  readonly functions: ReadonlyMap<string, LambdaFunction>;
  /** To be started once everything stands. */
  readonly mappings: readonly LocalMapping[];
  /** To be started once everything stands. */
  readonly schedules: Pick<Schedules, 'start'>;
  /** Ends what runs: schedules and mappings, then functions. */
  close(): Promise<void>;
  /** The HTTP API, once it has a stage. */
  site(): HttpApi | undefined;
}

/** Makes a template's resources in the services of the local AWS. */
export function createLocalProvider(options: LocalProviderOptions): LocalProvider {
  const { place, iam, kms, kinesis, dynamodb, objects } = options;
  const functions = new Map<string, { spec: FunctionSpec; running: LambdaFunction }>();
  const mappings: LocalMapping[] = [];
  const schedules = createSchedules();
  const permissions = new Map<string, PermissionSpec>();
  const integrations = new Map<string, string>();
  const routes = new Map<string, string>();
  const roles = createRoles(place, iam);
  const tables = new Set<string>();
  const api = createHttpApi();
  const apiId = 'local';
  let made: 'no api' | 'no stage' | 'open' = 'no api';

  const arn = (service: string, rest: string) =>
    `arn:aws:${service}:${place.region}:${place.account}:${rest}`;

  function known(name: string): { spec: FunctionSpec; running: LambdaFunction } {
    const found = functions.get(name);
    if (found === undefined) throw new Error(`there is no function ${name}`);
    return found;
  }

  /** What API Gateway calls for a route: the function, if the template lets it. */
  function invoker(functionName: string, routeKey: string): HttpApiFunction {
    const sourceArn = arn('execute-api', `${apiId}/$default/${routeKey.replace(' /', '/')}`);
    const { running } = known(functionName);
    return {
      invoke: async (payload) =>
        mayInvoke([...permissions.values()], {
          functionName,
          principal: 'apigateway.amazonaws.com',
          sourceArn,
        })
          ? running.invoke(payload)
          : {
              kind: 'error',
              type: 'AccessDeniedException',
              message: `${sourceArn} may not invoke it`,
            },
    };
  }

  return {
    get functions() {
      return new Map([...functions].map(([name, { running }]) => [name, running]));
    },
    mappings,
    schedules,
    site: () => (made === 'open' ? api : undefined),
    async close() {
      schedules.close();
      await Promise.all(mappings.map((mapping) => mapping.close()));
      await Promise.all([...functions.values()].map(({ running }) => running.close()));
    },

    async remove(type, ref) {
      if (type === 'AWS::IAM::Policy') roles.attach(ref, undefined);
      if (type === 'AWS::Events::Rule') schedules.remove(ref);
      permissions.delete(ref);
      integrations.delete(ref);
      for (const [key, routeRef] of routes) {
        if (routeRef !== ref) continue;
        routes.delete(key);
        api.unroute(key);
      }
    },

    async role(spec) {
      const roleArn = roles.put(spec);
      return { ref: spec.name, attributes: { Arn: roleArn, RoleId: iam.role(roleArn)?.id ?? '' } };
    },
    async policy(spec) {
      roles.attach(spec.name, spec);
      return { ref: spec.name, attributes: {} };
    },
    async key(spec) {
      const { keyId, arn } = kms.createKey(spec);
      return { ref: keyId, attributes: { Arn: arn, KeyId: keyId } };
    },
    async stream(spec) {
      return { ref: spec.name, attributes: { Arn: kinesis.createStream(spec).arn } };
    },
    async table(spec) {
      const tableArn = arn('dynamodb', `table/${spec.TableName}`);
      if (tables.has(spec.TableName)) dynamodb.setResourcePolicy(tableArn, spec.policy);
      else await dynamodb.createTable(tableInput(spec));
      tables.add(spec.TableName);
      return { ref: spec.TableName, attributes: { Arn: tableArn } };
    },
    async queue({ name, attributes }) {
      const { arn, url } = await objects.createQueue(name, attributes);
      return { ref: url, attributes: { Arn: arn, QueueName: name, QueueUrl: url } };
    },
    async queuePolicy({ queueUrls, policy }) {
      for (const url of queueUrls) {
        objects.setQueuePolicy(arn('sqs', url.slice(url.lastIndexOf('/') + 1)), policy);
      }
      return nameless();
    },
    async bucket({ name, notifications }) {
      await objects.createBucket(name, { notifications });
      return { ref: name, attributes: { Arn: `arn:aws:s3:::${name}` } };
    },
    async bucketPolicy({ bucket, policy }) {
      objects.setBucketPolicy(bucket, policy);
      return nameless();
    },

    async function(spec) {
      // As CreateFunction does, which tries the role at once.
      const lambda = { arn: 'lambda.amazonaws.com', identityPolicies: [], tags: {} };
      if (!(await iam.trusts(spec.roleArn, lambda, 'sts:AssumeRole', {}))) {
        throw new Error('The role defined for the function cannot be assumed by Lambda.');
      }
      const functionArn = arn('lambda', `function:${spec.name}`);
      const before = functions.get(spec.name);
      if (before !== undefined) {
        const { assetDir, environment: env, handler, timeoutSeconds, memoryMb } = spec;
        const { reservedConcurrency } = spec;
        const changes = { env, handler, timeoutSeconds, memoryMb, reservedConcurrency };
        await before.running.replace(assetDir, changes);
        functions.set(spec.name, { spec, running: before.running });
        return { ref: spec.name, attributes: { Arn: functionArn } };
      }
      const running = createFunction({
        name: spec.name,
        arn: functionArn,
        assetDir: spec.assetDir,
        handler: spec.handler,
        env: spec.environment,
        // As Lambda opens a session of the role for each instance.
        credentials: () =>
          iam.assume(known(spec.name).spec.roleArn, {
            sessionName: spec.name,
            seconds: 3600,
            now: Date.now(),
          }),
        endpoint: () => options.endpoint,
        region: place.region,
        timeoutSeconds: spec.timeoutSeconds,
        memoryMb: spec.memoryMb,
        reservedConcurrency: spec.reservedConcurrency,
        log: (line) => options.log(spec.name, line),
      });
      functions.set(spec.name, { spec, running });
      return { ref: spec.name, attributes: { Arn: functionArn } };
    },
    async eventSourceMapping(spec) {
      const { spec: target, running } = known(spec.functionName);
      const mapping = createLocalMapping({
        spec,
        running,
        functionArn: arn('lambda', `function:${spec.functionName}`),
        roleArn: target.roleArn,
        iam,
        place,
        endpoint: options.endpoint,
      });
      kinesis.onChange(() => mapping.wake());
      mappings.push(mapping);
      return { ref: mapping.id, attributes: { Id: mapping.id } };
    },
    async permission(spec) {
      const made = nameless();
      permissions.set(made.ref, spec);
      return made;
    },

    async rule({ name, everySeconds, functionNames }) {
      const sourceArn = arn('events', `rule/${name}`);
      for (const functionName of functionNames) known(functionName);
      const call = (functionName: string) => ({
        functionName,
        principal: 'events.amazonaws.com',
        sourceArn,
      });
      schedules.put(name, everySeconds, () => {
        for (const functionName of functionNames)
          if (mayInvoke([...permissions.values()], call(functionName)))
            known(functionName).running.invoke(scheduledEvent(sourceArn, place));
      });
      return { ref: name, attributes: { Arn: sourceArn } };
    },

    async httpApi({ cors }) {
      if (made !== 'no api') throw new Error('the front door has one address: one API');
      made = 'no stage';
      api.cors(cors);
      return { ref: apiId, attributes: { ApiId: apiId, ApiEndpoint: options.endpoint } };
    },
    async httpStage({ name, throttle, throttles }) {
      for (const key of Object.keys(throttles ?? {}))
        if (!routes.has(key))
          throw new Error(`Unable to find Route by key ${key} within the provided RouteSettings`);
      api.throttle(throttle, throttles);
      made = 'open';
      return { ref: name, attributes: {} };
    },
    async integration({ functionArn }) {
      const id = randomUUID();
      integrations.set(id, functionArn.slice(functionArn.lastIndexOf(':') + 1));
      return { ref: id, attributes: { IntegrationId: id } };
    },
    async route({ key, integrationId }) {
      const functionName = integrations.get(integrationId);
      if (functionName === undefined) throw new Error(`there is no integration ${integrationId}`);
      api.route(key, invoker(functionName, key));
      const made = nameless();
      routes.set(key, made.ref);
      return made;
    },
  };
}

/** https://docs.aws.amazon.com/eventbridge/latest/ref/events-structure.html */
function scheduledEvent(ruleArn: string, { account, region }: Place): object {
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': 'Scheduled Event',
    source: 'aws.events',
    account,
    time: new Date().toISOString(),
    region,
    resources: [ruleArn],
    detail: {},
  };
}

/** What nothing refers to. */
function nameless(): Made {
  return { ref: randomUUID(), attributes: {} };
}
