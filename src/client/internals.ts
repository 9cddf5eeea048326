import {
  KinesisClient,
  type KinesisClientConfig,
  type PutRecordsCommand,
  type PutRecordsCommandOutput,
} from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { type Clock, systemClock } from './clock.ts';
import type { SpoolFiles } from './spool/files.ts';

/** What is used of `fetch`. */
export type Fetch = (
  url: string,
  init: {
    readonly method: 'GET' | 'POST';
    readonly headers: Record<string, string>;
    readonly body?: string;
    readonly signal: AbortSignal;
    readonly redirect: 'error';
  },
) => Promise<Response>;

/** What is used of a Kinesis client. */
export interface StreamClient {
  send(
    command: PutRecordsCommand,
    options: { readonly abortSignal: AbortSignal },
  ): Promise<PutRecordsCommandOutput>;
}

/** What the client takes from outside, so that tests can give their own. Not part of its public types. */
export interface Internals {
  readonly clock: Clock;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
  readonly fetch: Fetch;
  /** A Kinesis client for one grant's credentials; connections are shared by all. */
  readonly kinesis: (config: KinesisClientConfig) => StreamClient;
  /** Where a spool is. @default the file system */
  readonly files?: SpoolFiles;
  /** Closes the connections. */
  readonly disconnect: () => void;
}

/**
 * HTTP/1.1 with keep-alive: the SDK's own default for Kinesis opens an HTTP/2 session a request. The
 * time-out of a request is the sender's abort signal; retries are the sender's too.
 */
export function defaultInternals(inFlight: number): Internals {
  const requestHandler = new NodeHttpHandler({
    connectionTimeout: 3000,
    httpsAgent: { keepAlive: true, maxSockets: inFlight },
    httpAgent: { keepAlive: true, maxSockets: inFlight },
  });
  return {
    clock: systemClock,
    random: Math.random,
    fetch: (url, init) => fetch(url, init),
    kinesis: (config) => new KinesisClient({ ...config, requestHandler, maxAttempts: 1 }),
    disconnect: () => requestHandler.destroy(),
  };
}
