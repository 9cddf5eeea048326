import type { AwsRequest, AwsService } from '../../src/local/service.ts';

/** A Kinesis that only remembers what reached it: DescribeStreamSummary and PutRecords on one stream. */
export function createStreamService(
  streamArn: string,
): AwsService & { readonly reached: AwsRequest[] } {
  const reached: AwsRequest[] = [];
  const headers = { 'content-type': 'application/x-amz-json-1.1' };
  return {
    name: 'kinesis',
    reached,
    operation: (request) =>
      request.headers['x-amz-target']?.split('.')[1] ??
      request.path.slice(request.path.lastIndexOf('/') + 1),
    access: ({ operation }) => [{ action: `kinesis:${operation}`, resource: streamArn }],
    async handle(request) {
      reached.push(request);
      return { status: 200, headers, body: JSON.stringify({ FailedRecordCount: 0, Records: [] }) };
    },
    failure: (code, message, status) => ({
      status,
      headers,
      body: JSON.stringify({ __type: code, message }),
    }),
    close: async () => {},
  };
}
