import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Deployment } from './deployment.ts';
import type { InvokeResult } from './invoke-result.ts';
import { residentMemory } from './resident-memory.ts';
import { openRuntimeApi, type RuntimeApi } from './runtime-api.ts';

/** Lambda gives the code outside the handler this long. Milliseconds. */
const initLimit = 10_000;
const memoryPoll = 50;

export interface InstanceOptions {
  readonly deployment: Promise<Deployment>;
  readonly functionArn: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
  readonly log: (line: string) => void;
  /** It can take an invocation again. */
  readonly becameIdle: () => void;
}

/** One process, which runs one invocation at a time. */
export interface Instance {
  readonly idle: boolean;
  /** Only while `idle`, or once right after the start: it then waits for the code to load. */
  invoke(payload: Buffer): Promise<InvokeResult>;
  /** At once. `result` is what the invocation under way is told; the first kill's counts. */
  kill(result: InvokeResult): void;
  /** Resolves once the process is gone and all that it wrote has been logged. */
  readonly ended: Promise<void>;
}

type State = 'starting' | 'busy' | 'idle' | 'ended';

export function startInstance(options: InstanceOptions): Instance {
  let state: State = 'starting';
  let killed: InvokeResult | undefined;
  let api: RuntimeApi | undefined;
  let child: ChildProcess | undefined;
  let next: { payload: Buffer; settle: (result: InvokeResult) => void } | undefined;
  let running:
    | { requestId: string; settle: (result: InvokeResult) => void; answer?: InvokeResult }
    | undefined;
  let timer: NodeJS.Timeout | undefined;

  function limit(milliseconds: number) {
    clearTimeout(timer);
    timer = setTimeout(() => kill({ kind: 'timeout' }), milliseconds);
  }

  function kill(result: InvokeResult) {
    killed ??= result;
    child?.kill('SIGKILL');
  }

  function settle(ending: InvokeResult) {
    clearTimeout(timer);
    running?.settle(running.answer ?? ending);
    running = undefined;
  }

  function dispatch() {
    if (state !== 'idle' || next === undefined) return;
    const { payload, settle } = next;
    next = undefined;
    running = { requestId: randomUUID(), settle };
    state = 'busy';
    const time = options.timeoutSeconds * 1000;
    limit(time);
    const { functionArn } = options;
    api?.give({ ...running, functionArn, deadline: Date.now() + time, payload });
  }

  async function run(): Promise<InvokeResult> {
    api = await openRuntimeApi({
      ready() {
        settle({ kind: 'crash', reason: 'the runtime went on without an answer' });
        state = 'idle';
        dispatch();
        if (state === 'idle') options.becameIdle();
      },
      // Told once the instance is free or gone: the next call then finds it free, or not at all.
      answered(requestId, answer) {
        if (running?.requestId === requestId) running.answer = answer;
      },
      failedToStart: kill,
    });
    const { taskRoot, bootstrap } = await options.deployment;
    if (killed) return killed;
    limit(initLimit);
    child = spawn(process.execPath, [bootstrap], {
      cwd: taskRoot,
      env: {
        ...options.environment,
        LAMBDA_TASK_ROOT: taskRoot,
        AWS_LAMBDA_RUNTIME_API: api.address,
      },
      // The fourth is how the instance learns that this process has died.
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    // An idle instance is not looked at: Lambda freezes it.
    const exit = await watch(child, options, kill, () => state !== 'idle');
    return killed ?? { kind: 'crash', reason: exit };
  }

  const ended = run()
    .catch((error): InvokeResult => ({ kind: 'crash', reason: String(error) }))
    .then((result) => {
      state = 'ended';
      api?.close();
      settle(result);
      next?.settle(result);
    });

  return {
    get idle() {
      return state === 'idle' && next === undefined && killed === undefined;
    },
    invoke(payload) {
      return new Promise((settle) => {
        next = { payload, settle };
        dispatch();
      });
    },
    kill,
    ended,
  };
}

/** Logs what a process writes, watches its memory, and says how it ended. */
function watch(
  child: ChildProcess,
  options: InstanceOptions,
  kill: (result: InvokeResult) => void,
  isAtWork: () => boolean,
): Promise<string> {
  for (const output of [child.stdout, child.stderr]) {
    if (output) createInterface({ input: output }).on('line', options.log);
  }
  // Read to its end, or the process would never count as closed.
  (child.stdio[3] as Readable | null)?.on('error', () => {}).resume();

  const memory = setInterval(async () => {
    if (!isAtWork()) return;
    const bytes = child.pid === undefined ? undefined : await residentMemory(child.pid);
    const megabytes = Math.ceil((bytes ?? 0) / 1024 / 1024);
    if (megabytes > options.memoryMb) {
      kill({ kind: 'crash', reason: `memory: ${megabytes} MB used of ${options.memoryMb} MB` });
    }
  }, memoryPoll);

  return new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => {
      resolve(signal ? `signal: ${signal}` : `exit status ${code}`);
    });
  }).finally(() => clearInterval(memory));
}
