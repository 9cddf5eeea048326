import { KinesisClient } from '@aws-sdk/client-kinesis';
import { S3Client } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import {
  createEventSourceMapping,
  type EventSourceMapping,
} from '../event-source-mapping/event-source-mapping.ts';
import type { Iam } from '../iam.ts';
import type { LambdaFunction } from '../lambda/function.ts';
import type { Place } from '../service.ts';
import type { MappingSpec } from './provider.ts';

export type LocalMapping = EventSourceMapping;

interface LocalMappingOptions {
  readonly spec: MappingSpec;
  readonly running: LambdaFunction;
  readonly functionArn: string;
  /** Whom Lambda polls as, and puts what is given up as: the function's own role. */
  readonly roleArn: string;
  readonly iam: Iam;
  readonly place: Place;
  readonly endpoint: string;
}

/** An event source mapping that may do at the front door what its function's role may. Not started. */
export function createLocalMapping(options: LocalMappingOptions): LocalMapping {
  const { spec, running, functionArn, roleArn, iam, place, endpoint } = options;
  const { functionName, streamArn, ...settings } = spec;
  const client = {
    endpoint,
    region: place.region,
    // The SDK asks again when a session nears its end.
    credentials: async () =>
      iam.assume(roleArn, { sessionName: functionName, seconds: 3600, now: Date.now() }),
  };
  // The default handler opens an HTTP/2 session for each request.
  const kinesis = new KinesisClient({ ...client, requestHandler: new NodeHttpHandler() });
  const s3 = new S3Client({ ...client, forcePathStyle: true });
  const mapping = createEventSourceMapping({
    kinesis,
    s3,
    streamArn,
    functionArn,
    roleArn,
    invoke: (payload) => running.invoke(payload),
    mapping: settings,
    // Lambda's own pace (https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html); the stream wakes the
    // mapping when there is something, so that nobody waits for it and an idle deployment hardly works.
    pollMilliseconds: 1000,
  });
  return {
    ...mapping,
    async close() {
      await mapping.close();
      kinesis.destroy();
      s3.destroy();
    },
  };
}
