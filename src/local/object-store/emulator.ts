import { buildApp } from 'fauxqs';

export interface EmulatorRequest {
  readonly method: string;
  /** Path and query, as they came. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | string;
}

export interface EmulatorAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Fauxqs, for S3 and SQS, in this process and without a port: its own server would listen on every interface. */
export interface Emulator {
  run(request: EmulatorRequest): Promise<EmulatorAnswer>;
  /** Ends long polls too. */
  close(): Promise<void>;
}

/** Headers of the connection or of the signature, which the front door has dealt with. */
const dropped = new Set([
  ':authority',
  'host',
  'connection',
  'expect',
  'authorization',
  'content-length',
  'transfer-encoding',
]);

const methods = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'] as const;

export function createEmulator(region: string): Emulator {
  const app = buildApp({ logger: false, defaultRegion: region });
  return {
    async run({ method, url, headers, body }) {
      const known = methods.find((each) => each === method);
      if (known === undefined) return { status: 405, headers: {}, body: Buffer.alloc(0) };
      const kept = Object.entries(headers).filter(([name]) => !dropped.has(name));
      const payload = body.length > 0 ? { payload: body } : {};
      const answer = await app.inject({
        method: known,
        url,
        headers: Object.fromEntries(kept),
        ...payload,
      });
      const flat: Record<string, string> = {};
      for (const [name, value] of Object.entries(answer.headers)) {
        if (value !== undefined) flat[name] = String(value);
      }
      return { status: answer.statusCode, headers: flat, body: answer.rawPayload };
    },
    close: () => app.close(),
  };
}
