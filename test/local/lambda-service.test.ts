import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LambdaFunction } from '../../src/local/lambda/function.ts';
import type { InvokeResult } from '../../src/local/lambda/invoke-result.ts';
import { createLambdaService } from '../../src/local/lambda-service.ts';
import { allow, openFrontDoor, place, policy } from '../fixture/front-door.ts';

const arn = `arn:aws:lambda:${place.region}:${place.account}:function:echo`;
const fates: Record<string, InvokeResult> = {
  throws: { kind: 'error', type: 'TypeError', message: 'no' },
  busy: { kind: 'error', type: 'x', message: 'wait', refused: 'throttled' },
  large: { kind: 'error', type: 'x', message: '7 MB', refused: 'too-large' },
  slow: { kind: 'timeout' },
  gone: { kind: 'crash', reason: 'exit 1' },
};

let opened: Awaited<ReturnType<typeof openFrontDoor>>;
beforeAll(async () => {
  const echo = {
    invoke: async (payload: unknown): Promise<InvokeResult> =>
      fates[String((payload as { fate?: string })?.fate)] ?? { kind: 'ok', payload },
  };
  opened = await openFrontDoor(() => [
    createLambdaService({
      place,
      find: (name) => (name === 'echo' ? (echo as unknown as LambdaFunction) : undefined),
    }),
  ]);
});
afterAll(() => opened.close());

async function invoke(payload: object, FunctionName = 'echo', config = opened.asRoot()) {
  const client = new LambdaClient(config);
  try {
    const Payload = Buffer.from(JSON.stringify(payload));
    const answer = await client.send(new InvokeCommand({ FunctionName, Payload }));
    return {
      error: answer.FunctionError,
      payload: JSON.parse(answer.Payload?.transformToString() ?? ''),
    };
  } finally {
    client.destroy();
  }
}

test('a function is invoked by its name or its ARN, and its answer is given back', async () => {
  for (const name of ['echo', arn])
    expect(await invoke({ n: 1 }, name)).toEqual({ error: undefined, payload: { n: 1 } });
});

test.each([
  ['throws', { errorType: 'TypeError', errorMessage: 'no' }],
  ['slow', { errorType: 'Sandbox.Timedout' }],
  ['gone', { errorType: 'Runtime.ExitError', errorMessage: 'exit 1' }],
])('one that fails (%s) is a call that succeeds and says so', async (fate, payload) => {
  expect(await invoke({ fate })).toMatchObject({ error: 'Unhandled', payload });
});

test.each([
  ['busy', 'TooManyRequestsException'],
  ['large', 'RequestTooLargeException'],
])('a call that is turned away (%s) is an error', async (fate, name) => {
  await expect(invoke({ fate })).rejects.toMatchObject({ name });
});

test('one that is not there is not found', async () => {
  await expect(invoke({}, 'nobody')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
});

test('only who may invoke it does', async () => {
  const may = opened.asRole('may', [policy(allow('lambda:InvokeFunction', arn))]);
  expect(await invoke({ n: 2 }, 'echo', may)).toMatchObject({ payload: { n: 2 } });
  const other = opened.asRole('other', [policy(allow('lambda:InvokeFunction', `${arn}-other`))]);
  await expect(invoke({}, 'echo', other)).rejects.toMatchObject({
    name: 'AccessDeniedException',
    $metadata: { httpStatusCode: 403 },
  });
});
