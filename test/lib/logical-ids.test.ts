import { expect, test } from 'vitest';
import { assemble, prodContext } from '../fixture/assemble.ts';
import pinned from './logical-ids.json' with { type: 'json' };

/** What CloudFormation makes anew, empty, when its logical id or its type changes. */
const stateful = /^AWS::(DynamoDB::(Global)?Table|Kinesis::Stream|KMS::Key|S3::Bucket|SQS::Queue)$/;

const idsOf = (context: Record<string, string>): Record<string, string> =>
  Object.fromEntries(
    Object.entries<{ Type: string }>(assemble(context).data.toJSON()['Resources'])
      .map(([id, { Type }]) => [id, Type] as const)
      .filter(([, type]) => stateful.test(type)),
  );

test.each([
  ['dev', {}],
  ['prod', prodContext],
] as const)('no refactoring of %s replaces a table, stream, key, bucket or queue', (_, context) => {
  expect(idsOf(context)).toEqual(pinned);
});

test('a key of one’s own for the stream is added, and replaces nothing', () => {
  const { StreamKey9F296F4F: _, ...others } = {
    StreamKey9F296F4F: '',
    ...idsOf({ streamKey: 'own' }),
  };
  expect(others).toEqual(pinned);
});
