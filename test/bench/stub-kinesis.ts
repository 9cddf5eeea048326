import { KinesisClient, type KinesisClientConfig } from '@aws-sdk/client-kinesis';
import { HttpResponse } from '@smithy/protocol-http';

interface Request {
  readonly headers: Record<string, string>;
  readonly body: Uint8Array;
}

const result = `{"SequenceNumber":"${'4'.repeat(56)}","ShardId":"shardId-000000000000"}`;
const answers = new Map<number, Buffer>();

/** What Kinesis answers when it takes so many records. */
function answerTo(records: number): Buffer {
  const body = `{"FailedRecordCount":0,"Records":[${Array(records).fill(result).join()}]}`;
  const answer = answers.get(records) ?? Buffer.from(body);
  answers.set(records, answer);
  return answer;
}

/** Found by its name: reading the JSON would be charged to whoever is measured. */
function countRecords(body: Buffer): number {
  let count = 0;
  for (let at = body.indexOf('"PartitionKey"'); at >= 0; count++)
    at = body.indexOf('"PartitionKey"', at + 1);
  return count;
}

/** Real clients with a stub in the network's place, which counts and takes everything at once. */
export function stubKinesis() {
  const stub = {
    requests: 0,
    records: 0,
    /** Headers and bodies of the requests. */
    bytes: 0,
    reset() {
      stub.requests = 0;
      stub.records = 0;
      stub.bytes = 0;
    },
    client(config: KinesisClientConfig): KinesisClient {
      const handle = async ({ headers, body }: Request) => {
        const bytes = Buffer.from(body.buffer, body.byteOffset, body.length);
        const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
        stub.requests += 1;
        stub.bytes += 'POST / HTTP/1.1\r\n\r\n'.length + lines.join('').length + bytes.length;
        const records = countRecords(bytes);
        stub.records += records;
        const answer = answerTo(records);
        const type = { 'content-type': 'application/x-amz-json-1.1' };
        return { response: new HttpResponse({ statusCode: 200, headers: type, body: answer }) };
      };
      return new KinesisClient({
        region: 'us-east-1',
        credentials: { accessKeyId: 'a', secretAccessKey: 'b', sessionToken: 'c' },
        ...config,
        maxAttempts: 1,
        requestHandler: { handle } as unknown as NonNullable<KinesisClientConfig['requestHandler']>,
      });
    },
  };
  return stub;
}
