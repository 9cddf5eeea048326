import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import { expect, test } from 'vitest';
import { type ErrorCode, SealtrailError } from '../../src/domain/error.ts';
import { httpHandler } from '../../src/lambda/http.ts';
import { createLog } from '../../src/lambda/log.ts';

/** What was counted of one request that fails so, by name and reason. */
async function countedOf(error: unknown): Promise<string[]> {
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
  await handler(event, {} as Context);
  return logged.flatMap((line) => {
    const { _aws, Reason } = JSON.parse(line);
    return _aws === undefined ? [] : `${_aws.CloudWatchMetrics[0].Metrics[0].Name} ${Reason}`;
  });
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

test.each(['request-invalid', 'not-found'] as const)(
  '%s is the caller’s own business, and is not counted',
  async (code) => {
    expect(await countedOf(new SealtrailError(code, 'no'))).toEqual([]);
  },
);
