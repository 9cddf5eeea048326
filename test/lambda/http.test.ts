import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import { expect, test } from 'vitest';
import { type ErrorCode, SealtrailError } from '../../src/domain/error.ts';
import { httpHandler } from '../../src/lambda/http.ts';
import { createLog } from '../../src/lambda/log.ts';

/** What was counted of one request that fails so, by name and reason. */
async function countedOf(error: unknown): Promise<string[]> {
  const { logged } = await failWith(error);
  return logged.flatMap((line) => {
    const { _aws, Reason } = JSON.parse(line);
    return _aws === undefined ? [] : `${_aws.CloudWatchMetrics[0].Metrics[0].Name} ${Reason}`;
  });
}

async function failWith(error: unknown) {
  const logged: string[] = [];
  const fail = async () => {
    throw error;
  };
  const handler = httpHandler(
    { 'GET /': fail },
    createLog('test', (line) => logged.push(line)),
    'Token',
  );
  const event = {
    routeKey: 'GET /',
    rawPath: '/',
    rawQueryString: '',
    headers: {},
    requestContext: { domainName: 'api.example' },
  } as unknown as APIGatewayProxyEventV2;
  const answer = await handler(event, {} as Context);
  return { answer, logged };
}

test.each([
  ['unauthenticated', 'TokenRefused'],
  ['proof-invalid', 'TokenRefused'],
  ['forbidden', 'TokenRefused'],
  ['quota-exceeded', 'TokenRefused'],
  ['unavailable', 'TokenFailed'],
] as const)('%s is counted as %s, by its code', async (code: ErrorCode, metric) => {
  expect(await countedOf(new SealtrailError(code, 'no'))).toEqual([`${metric} ${code}`]);
});

test('a failure that nobody foresaw is counted as internal', async () => {
  expect(await countedOf(new Error('secret'))).toEqual(['TokenFailed internal']);
});

const named = (name: string, more: object = {}) => Object.assign(new Error('no'), { name }, more);

test.each([
  ['DynamoDB throttles', named('ProvisionedThroughputExceededException', { $fault: 'client' })],
  ['DynamoDB throttles the account', named('RequestLimitExceeded')],
  ['KMS throttles', named('ThrottlingException')],
  ['a call takes too long', named('TimeoutError')],
  ['nothing answers', named('Error', { code: 'ECONNREFUSED' })],
  ['the connection breaks', named('Error', { code: 'ECONNRESET' })],
  ['the service is at fault', named('Unheard', { $fault: 'server' })],
  ['the service answers 500', named('Unheard', { $metadata: { httpStatusCode: 500 } })],
])('when %s, the answer is 503 with Retry-After, and tells nothing of it', async (_, error) => {
  const { answer } = await failWith(error);
  expect(answer).toMatchObject({ statusCode: 503, headers: { 'retry-after': '2' } });
  expect(JSON.parse(answer.body ?? '')).toMatchObject({ code: 'unavailable', status: 503 });
  expect(answer.body).not.toContain('"no"');
  expect(await countedOf(error)).toEqual(['TokenFailed unavailable']);
});

test.each([
  ['a permission that is missing', named('AccessDeniedException', { $fault: 'client' })],
  ['a table that is missing', named('ResourceNotFoundException', { $fault: 'client' })],
  ['a mistake of ours', new TypeError('x is undefined')],
])('%s is no outage: 500', async (_, error) => {
  const { answer } = await failWith(error);
  expect(answer.statusCode).toBe(500);
  expect(answer.headers).not.toHaveProperty('retry-after');
});

test.each(['request-invalid', 'not-found'] as const)(
  '%s is the caller’s own business, and is not counted',
  async (code) => {
    expect(await countedOf(new SealtrailError(code, 'no'))).toEqual([]);
  },
);
