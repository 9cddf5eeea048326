import type { Access, AwsRequest, PolicyDocument } from '../service.ts';

/** Which bucket and key a path-style request is for; both decoded. */
export interface ObjectPath {
  readonly bucket: string;
  /** Empty for the bucket itself. */
  readonly key: string;
}

export function pathOf(path: string): ObjectPath {
  const [, bucket = '', key = ''] = /^\/?([^/]*)\/?(.*)$/s.exec(path) ?? [];
  return { bucket: decode(bucket), key: decode(key) };
}

/** The source of a CopyObject: `bucket/key`, encoded, perhaps with a slash before it. */
function copySource(header: string): ObjectPath {
  const [path = ''] = header.split('?');
  return pathOf(path);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Sub-resources and versions, none of which is kept here: such a request must not pass for the plain one. */
const unsupported = [
  'acl',
  'cors',
  'encryption',
  'legal-hold',
  'notification',
  'object-lock',
  'policy',
  'retention',
  'tagging',
  'versionId',
  'versioning',
  'versions',
];

/** The operation that method, path and query come to (https://docs.aws.amazon.com/AmazonS3/latest/API/). */
export function s3Operation({
  method,
  path,
  query,
  headers,
}: Omit<AwsRequest, 'operation' | 'principal'>): string {
  const { bucket, key } = pathOf(path);
  const other = unsupported.find((name) => query.has(name));
  if (other !== undefined) return `${method} ?${other}`;
  if (bucket === '') return method === 'GET' ? 'ListBuckets' : method;
  if (key === '') {
    if (query.has('lifecycle')) return `${method} ?lifecycle`;
    if (method === 'POST' && query.has('delete')) return 'DeleteObjects';
    const named = {
      PUT: 'CreateBucket',
      HEAD: 'HeadBucket',
      GET: 'ListObjectsV2',
      DELETE: 'DeleteBucket',
    };
    return named[method as keyof typeof named] ?? method;
  }
  if (query.has('uploads'))
    return method === 'POST' ? 'CreateMultipartUpload' : `${method} ?uploads`;
  if (query.has('uploadId')) {
    const named = {
      PUT: 'UploadPart',
      POST: 'CompleteMultipartUpload',
      DELETE: 'AbortMultipartUpload',
    };
    return named[method as keyof typeof named] ?? `${method} ?uploadId`;
  }
  if (method === 'PUT')
    return headers['x-amz-copy-source'] === undefined ? 'PutObject' : 'CopyObject';
  const named = { GET: 'GetObject', HEAD: 'HeadObject', DELETE: 'DeleteObject' };
  return named[method as keyof typeof named] ?? method;
}

/** Permission by operation, https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html. */
const permissions: Readonly<
  Record<string, { readonly action: string; readonly on: 'all' | 'bucket' | 'object' }>
> = {
  ListBuckets: { action: 'ListAllMyBuckets', on: 'all' },
  CreateBucket: { action: 'CreateBucket', on: 'bucket' },
  DeleteBucket: { action: 'DeleteBucket', on: 'bucket' },
  HeadBucket: { action: 'ListBucket', on: 'bucket' },
  ListObjectsV2: { action: 'ListBucket', on: 'bucket' },
  GetObject: { action: 'GetObject', on: 'object' },
  HeadObject: { action: 'GetObject', on: 'object' },
  PutObject: { action: 'PutObject', on: 'object' },
  CopyObject: { action: 'PutObject', on: 'object' },
  CreateMultipartUpload: { action: 'PutObject', on: 'object' },
  UploadPart: { action: 'PutObject', on: 'object' },
  CompleteMultipartUpload: { action: 'PutObject', on: 'object' },
  AbortMultipartUpload: { action: 'AbortMultipartUpload', on: 'object' },
  DeleteObject: { action: 'DeleteObject', on: 'object' },
};

/** Whether the operation is served at all. */
export function isServed(operation: string): boolean {
  return operation === 'DeleteObjects' || permissions[operation] !== undefined;
}

export function s3Access(
  request: AwsRequest,
  policyOf: (bucket: string) => PolicyDocument | undefined,
): readonly Access[] {
  const { operation, path, headers, body } = request;
  const target = pathOf(path);
  const on = (action: string, { bucket, key }: ObjectPath): Access => {
    const resourcePolicy = policyOf(bucket);
    const resource = `arn:aws:s3:::${bucket}${key === '' ? '' : `/${key}`}`;
    return { action: `s3:${action}`, resource, ...(resourcePolicy && { resourcePolicy }) };
  };
  if (operation === 'DeleteObjects') {
    const keys = [...body.toString().matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key = '']) =>
      unescapeXml(key),
    );
    return keys.map((key) => on('DeleteObject', { bucket: target.bucket, key }));
  }
  const permission = permissions[operation];
  if (permission === undefined) return [];
  if (permission.on === 'all') return [{ action: `s3:${permission.action}`, resource: '*' }];
  const access = on(permission.action, target);
  if (operation !== 'CopyObject') return [access];
  return [on('GetObject', copySource(headers['x-amz-copy-source'] ?? '')), access];
}

function unescapeXml(text: string): string {
  const named: Readonly<Record<string, string>> = {
    amp: '&',
    lt: '<',
    gt: '>',
    quot: '"',
    apos: "'",
  };
  return text.replace(/&(#x[0-9a-f]+|#\d+|\w+);/gi, (whole, entity: string) => {
    if (entity.startsWith('#x')) return String.fromCodePoint(Number.parseInt(entity.slice(2), 16));
    if (entity.startsWith('#')) return String.fromCodePoint(Number(entity.slice(1)));
    return named[entity] ?? whole;
  });
}
