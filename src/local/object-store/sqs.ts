import type { AwsRequest, AwsResponse, AwsService, Place, PolicyDocument } from '../service.ts';
import type { Emulator } from './emulator.ts';

interface SqsOptions {
  readonly place: Place;
  readonly emulator: Emulator;
  /** The front door, of which queue URLs are made. */
  readonly endpoint: () => string;
}

export interface Sqs extends AwsService {
  createQueue(
    name: string,
    attributes: Readonly<Record<string, string>>,
  ): Promise<{ arn: string; url: string }>;
  setQueuePolicy(arn: string, policy: PolicyDocument): void;
  policyOf(arn: string): PolicyDocument | undefined;
  /** Puts a message into a queue on nobody's behalf. */
  deliver(arn: string, body: string): Promise<void>;
}

type Input = Readonly<Record<string, unknown>>;

/** The account that the emulator puts in every ARN. */
const emulated = '000000000000';

/** What only the operator's tools use, or what the single operation's permission covers. */
const permissions: Readonly<Record<string, string>> = {
  SendMessageBatch: 'SendMessage',
  DeleteMessageBatch: 'DeleteMessage',
  ChangeMessageVisibilityBatch: 'ChangeMessageVisibility',
};

const served = new Set([
  'ChangeMessageVisibility',
  'CreateQueue',
  'DeleteMessage',
  'DeleteQueue',
  'GetQueueAttributes',
  'GetQueueUrl',
  'PurgeQueue',
  'ReceiveMessage',
  'SendMessage',
  'SetQueueAttributes',
]);

/** SQS over the JSON protocol (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/). */
export function createSqs({ place, emulator, endpoint }: SqsOptions): Sqs {
  const policies = new Map<string, PolicyDocument>();
  const arnOf = (name: string) => `arn:aws:sqs:${place.region}:${place.account}:${name}`;
  const urlOf = (name: string) => `${endpoint()}/${place.account}/${name}`;

  async function run(operation: string, input: Input): Promise<AwsResponse> {
    const { status, body } = await emulator.run({
      method: 'POST',
      url: '/',
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': `AmazonSQS.${operation}`,
      },
      body: inward(JSON.stringify(input), operation),
    });
    return { status, headers, body: outward(body.toString(), operation, input) };
  }

  /** The redrive policy names its queue by ARN. */
  function inward(body: string, operation: string): string {
    const setting = operation === 'CreateQueue' || operation === 'SetQueueAttributes';
    return setting ? body.replaceAll(arnOf(''), `arn:aws:sqs:${place.region}:${emulated}:`) : body;
  }

  function outward(body: string, operation: string, input: Input): string {
    if (operation === 'GetQueueAttributes') {
      return body.replaceAll(`arn:aws:sqs:${place.region}:${emulated}:`, arnOf(''));
    }
    if (operation !== 'CreateQueue' && operation !== 'GetQueueUrl') return body;
    return 'QueueUrl' in JSON.parse(body)
      ? JSON.stringify({ QueueUrl: urlOf(queueOf(input)) })
      : body;
  }

  function notePolicy(input: Input): void {
    const text = (input['Attributes'] as Input | undefined)?.['Policy'];
    if (typeof text !== 'string') return;
    if (text === '') policies.delete(arnOf(queueOf(input)));
    else policies.set(arnOf(queueOf(input)), JSON.parse(text));
  }

  async function must(operation: string, input: Input): Promise<void> {
    const { status, body } = await run(operation, input);
    if (status !== 200) throw new Error(`${operation}: ${body.toString()}`);
    notePolicy(input);
  }

  return {
    name: 'sqs',
    operation: (request) => request.headers['x-amz-target']?.split('.')[1] ?? 'Unknown',
    access({ operation, body }) {
      const action = permissions[operation] ?? operation;
      const resource = arnOf(queueOf(parse(body)));
      const resourcePolicy = policies.get(resource);
      if (!served.has(action)) return [];
      return [{ action: `sqs:${action}`, resource, ...(resourcePolicy && { resourcePolicy }) }];
    },
    async handle({ operation, body }: AwsRequest) {
      if (!served.has(permissions[operation] ?? operation)) {
        return failure('UnsupportedOperation', `${operation} is not supported locally`, 400);
      }
      const input = parse(body);
      const answer = await run(operation, input);
      if (answer.status === 200) notePolicy(input);
      return answer;
    },
    failure,
    close: async () => {},
    async createQueue(name, attributes) {
      await must('CreateQueue', { QueueName: name, Attributes: attributes });
      return { arn: arnOf(name), url: urlOf(name) };
    },
    setQueuePolicy(arn, policy) {
      policies.set(arn, policy);
    },
    policyOf: (arn) => policies.get(arn),
    async deliver(arn, body) {
      await must('SendMessage', {
        QueueUrl: urlOf(arn.slice(arn.lastIndexOf(':') + 1)),
        MessageBody: body,
      });
    },
  };
}

/** The queue that a request is for, by its name or at the end of its URL. */
function queueOf(input: Input): string {
  const { QueueName: name, QueueUrl: url } = input;
  if (typeof name === 'string') return name;
  return typeof url === 'string' ? url.slice(url.lastIndexOf('/') + 1) : '';
}

function parse(body: Buffer): Input {
  try {
    const input: unknown = JSON.parse(body.toString());
    return typeof input === 'object' && input !== null ? (input as Input) : {};
  } catch {
    return {};
  }
}

const headers = { 'content-type': 'application/x-amz-json-1.0' };

function failure(code: string, message: string, status: number): AwsResponse {
  return {
    status,
    headers,
    body: JSON.stringify({ __type: `com.amazonaws.sqs#${code}`, message }),
  };
}
