import { type Deployment, deploy } from './deployment.ts';
import { type Instance, startInstance } from './instance.ts';
import {
  deploymentInProgress,
  type InvokeResult,
  requestLimit,
  reserveUsedUp,
} from './invoke-result.ts';

interface FunctionCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** An instance gets no invocation that could outlast them. Without it they live for ever. */
  readonly expiration?: Date;
}

export interface FunctionOptions {
  readonly name: string;
  readonly arn: string;
  /** A folder with what the handler's module needs, bundled as CommonJS. It is copied. */
  readonly assetDir: string;
  /** `<module>.<export>`, such as `index.handler`. Async: nodejs24.x has no callbacks. */
  readonly handler: string;
  readonly env: Readonly<Record<string, string>>;
  /** Asked for at the start of each instance. */
  readonly credentials: () => FunctionCredentials;
  /** Where the function reaches AWS. */
  readonly endpoint: () => string;
  readonly region: string;
  readonly timeoutSeconds: number;
  /** Of all that the process has resident, some 50 MB of Node itself included. */
  readonly memoryMb: number;
  /** Most instances at once; more invocations wait. @default 4 */
  readonly maxConcurrency?: number;
  /**
   * Invocations at once, under way or waiting; more are refused, as Lambda refuses what is over a function's reserved
   * concurrency (https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html). @default any number
   */
  readonly reservedConcurrency?: number | undefined;
  readonly log?: (line: string) => void;
}

/** What an update may change besides the code. */
type FunctionChanges = Partial<
  Pick<FunctionOptions, 'env' | 'handler' | 'timeoutSeconds' | 'memoryMb' | 'reservedConcurrency'>
>;

export interface LambdaFunction {
  /**
   * Never rejects but with the reason of `signal`, when that is aborted first: an invocation that
   * has begun then goes on, as in Lambda. Time spent waiting for an instance or its start does not
   * count towards the time-out.
   */
  invoke(payload: unknown, options?: { readonly signal?: AbortSignal }): Promise<InvokeResult>;
  /** SIGKILL to every instance, in the middle of invocations too. */
  kill(): void;
  /** A new version of the code, and of what it is run with. Invocations under way finish on the old one. */
  replace(assetDir: string, changes?: FunctionChanges): Promise<void>;
  /** A deployment in progress: until `resume`, invocations that have not begun are refused. */
  pause(): void;
  resume(): void;
  /** Processes that there are now. */
  readonly instances: number;
  /** Resolves once every process is gone. */
  close(): Promise<void>;
}

interface Waiting {
  readonly payload: Buffer;
  readonly settle: (result: InvokeResult) => void;
}

/** A Lambda function, each of whose instances is a process of its own. */
export function createFunction(made: FunctionOptions): LambdaFunction {
  let options = made;
  let deployment = deployQuietly(options.assetDir);
  const deployments = [deployment];
  /** With the moment from which each may not be used any more, epoch milliseconds. */
  const instances = new Map<Instance, number>();
  const waiting: Waiting[] = [];
  /** Invocations that run or wait. */
  let underWay = 0;
  let status: 'active' | 'paused' | 'closed' = 'active';

  /** Hands what waits to idle instances, and starts more while there may be more. */
  function pump() {
    for (const [instance, usableUntil] of instances) {
      if (!instance.idle) continue;
      if (usableUntil <= Date.now()) instance.kill(retired);
      else hand(instance);
    }
    while (waiting.length > 0 && instances.size < (options.maxConcurrency ?? 4)) hand(start());
  }

  function hand(instance: Instance) {
    const next = waiting.shift();
    if (next) instance.invoke(next.payload).then(next.settle);
  }

  function start(): Instance {
    const { expiration, ...credentials } = options.credentials();
    const instance = startInstance({
      deployment,
      functionArn: options.arn,
      environment: environmentOf(options, credentials),
      timeoutSeconds: options.timeoutSeconds,
      memoryMb: options.memoryMb,
      log: options.log ?? (() => {}),
      becameIdle: pump,
    });
    const life = expiration ? expiration.getTime() - options.timeoutSeconds * 1000 : Infinity;
    instances.set(instance, life);
    instance.ended.then(() => {
      instances.delete(instance);
      pump();
    });
    return instance;
  }

  function refuseWaiting(result: InvokeResult) {
    for (const { settle } of waiting.splice(0)) settle(result);
  }

  return {
    async invoke(payload, { signal } = {}) {
      signal?.throwIfAborted();
      if (status === 'closed') return closed;
      if (status === 'paused') return deploymentInProgress;
      if (underWay >= (options.reservedConcurrency ?? Infinity)) return reserveUsedUp;
      const body = Buffer.from(JSON.stringify(payload ?? null));
      if (body.length > requestLimit) return tooLarge(body.length);
      return new Promise((settle, reject) => {
        const entry: Waiting = {
          payload: body,
          settle(result) {
            underWay -= 1;
            signal?.removeEventListener('abort', abandon);
            settle(result);
          },
        };
        const abandon = () => {
          const place = waiting.indexOf(entry);
          if (place >= 0) {
            waiting.splice(place, 1);
            underWay -= 1;
          }
          reject(signal?.reason);
        };
        signal?.addEventListener('abort', abandon);
        underWay += 1;
        waiting.push(entry);
        pump();
      });
    },
    kill() {
      for (const instance of instances.keys()) {
        instance.kill({ kind: 'crash', reason: 'signal: SIGKILL' });
      }
    },
    async replace(assetDir, changes = {}) {
      const next = deployQuietly(assetDir);
      await next;
      options = { ...options, ...changes };
      deployments.push(next);
      deployment = next;
      for (const instance of instances.keys()) instances.set(instance, 0);
      pump();
    },
    pause() {
      if (status === 'active') status = 'paused';
      refuseWaiting(deploymentInProgress);
    },
    resume() {
      if (status === 'paused') status = 'active';
    },
    get instances() {
      return instances.size;
    },
    async close() {
      status = 'closed';
      refuseWaiting(closed);
      for (const instance of instances.keys()) instance.kill(closed);
      await Promise.all([...instances.keys()].map(({ ended }) => ended));
      for (const made of await Promise.allSettled(deployments)) {
        if (made.status === 'fulfilled') await made.value.remove();
      }
    },
  };
}

/** What nothing is told, since only idle instances are retired. */
const retired: InvokeResult = { kind: 'crash', reason: 'retired' };

const closed: InvokeResult = {
  kind: 'error',
  type: 'ResourceNotFoundException',
  message: 'Function not found: it was closed.',
};

function tooLarge(size: number): InvokeResult {
  return {
    kind: 'error',
    type: 'RequestEntityTooLargeException',
    message: `${size} byte payload is too large for the Invoke operation (limit ${requestLimit} bytes)`,
    refused: 'too-large',
  };
}

/** A failure is told to whoever awaits the deployment, also if that is later. */
function deployQuietly(assetDir: string): Promise<Deployment> {
  const made = deploy(assetDir);
  made.catch(() => {});
  return made;
}

/**
 * Nothing of this process's own environment; what Lambda sets wins over what the function asks for.
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
 */
function environmentOf(
  options: FunctionOptions,
  credentials: Omit<FunctionCredentials, 'expiration'>,
): Record<string, string> {
  return {
    ...options.env,
    _HANDLER: options.handler,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
    AWS_ENDPOINT_URL: options.endpoint(),
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(options.memoryMb),
    AWS_LAMBDA_FUNCTION_NAME: options.name,
    AWS_REGION: options.region,
    PATH: '/usr/local/bin:/usr/bin:/bin',
    TZ: ':UTC',
  };
}
