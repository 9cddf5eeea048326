import { escapeXml } from '../escape-xml.ts';
import type { AwsRequest, AwsResponse, AwsService, PolicyDocument } from '../service.ts';
import type { Emulator, EmulatorAnswer, EmulatorRequest } from './emulator.ts';
import type { Created } from './notifications.ts';
import { isServed, pathOf, s3Access, s3Operation } from './s3-target.ts';

interface S3Options {
  readonly emulator: Emulator;
  readonly policyOf: (bucket: string) => PolicyDocument | undefined;
  /** Called once an object is there, and awaited before the answer. */
  readonly onCreated: (created: Created) => Promise<void>;
}

const creations: Readonly<Record<string, Created['how']>> = {
  PutObject: 'Put',
  CopyObject: 'Copy',
  CompleteMultipartUpload: 'CompleteMultipartUpload',
};

/** S3 by path style. Objects are at most 11 MiB; no versions, no locks, no sub-resources. */
export function createS3({ emulator, policyOf, onCreated }: S3Options): AwsService {
  /** Keys that are being written on the condition that they are not there. */
  const claimed = new Set<string>();

  /** https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html */
  async function putIfAbsent(request: AwsRequest): Promise<AwsResponse> {
    if (request.headers['if-none-match'] !== '*') {
      return failure(
        'NotImplemented',
        'A header you provided implies functionality that is not implemented',
        501,
      );
    }
    if (claimed.has(request.path)) {
      const message =
        'The conditional request cannot succeed due to a conflicting operation against this resource.';
      return failure('ConditionalRequestConflict', message, 409);
    }
    claimed.add(request.path);
    try {
      const existing = await emulator.run({
        method: 'HEAD',
        url: request.path,
        headers: {},
        body: '',
      });
      if (existing.status !== 200) return await run(request);
      const message = 'At least one of the pre-conditions you specified did not hold';
      return failure('PreconditionFailed', message, 412);
    } finally {
      claimed.delete(request.path);
    }
  }

  async function run(request: AwsRequest): Promise<AwsResponse> {
    const answer = await emulator.run(forEmulator(request));
    const how = creations[request.operation];
    if (how !== undefined && answer.status === 200) await tell(request, how);
    return bare(answer);
  }

  async function tell({ path, principal }: AwsRequest, how: Created['how']): Promise<void> {
    const { headers } = await emulator.run({ method: 'HEAD', url: path, headers: {}, body: '' });
    await onCreated({
      ...pathOf(path),
      size: Number(headers['content-length'] ?? 0),
      etag: (headers['etag'] ?? '').replaceAll('"', ''),
      how,
      by: principal.arn,
      at: Date.now(),
    });
  }

  return {
    name: 's3',
    operation: s3Operation,
    access: (request) => s3Access(request, policyOf),
    async handle(request) {
      const { operation, headers } = request;
      if (!isServed(operation))
        return failure('NotImplemented', `${operation} is not supported locally`, 501);
      if (headers['x-amz-content-sha256']?.startsWith('STREAMING-AWS4')) {
        return failure('NotImplemented', 'Signed chunks are not supported locally', 501);
      }
      const conditional = operation === 'PutObject' && headers['if-none-match'] !== undefined;
      return conditional ? putIfAbsent(request) : run(request);
    },
    failure,
    close: async () => {},
  };
}

function forEmulator({ method, path, query, headers, body }: AwsRequest): EmulatorRequest {
  const search = query.toString();
  const url = search === '' ? path : `${path}?${search}`;
  return { method, url, headers, body };
}

function bare({ status, headers, body }: EmulatorAnswer): AwsResponse {
  // Above its 11 MiB the emulator's web server answers before S3 is asked, and not in XML.
  if (status === 413) {
    const message = 'Your proposed upload exceeds the maximum allowed object size.';
    return failure('EntityTooLarge', message, 400);
  }
  return { status, headers, body };
}

function failure(code: string, message: string, status: number): AwsResponse {
  const error = `<Error><Code>${escapeXml(code)}</Code><Message>${escapeXml(message)}</Message></Error>`;
  return {
    status,
    headers: { 'content-type': 'application/xml' },
    body: `<?xml version="1.0" encoding="UTF-8"?>\n${error}`,
  };
}
