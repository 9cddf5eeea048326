import { expect, test } from 'vitest';
import { assemble, prodContext } from '../fixture/assemble.ts';

// Who may invoke the consumer may say when a record arrived: nothing in the stack may.
test.each([
  ['dev', assemble()],
  ['prod', assemble(prodContext)],
])(
  'in %s no role, and nobody by the function’s own policy, may invoke the consumer',
  (_, stage) => {
    const { service } = stage;
    const [consumer] = Object.entries(service.findResources('AWS::Lambda::Function')).flatMap(
      ([id, { Properties }]) => (/-consumer$/.test(Properties.FunctionName) ? [id] : []),
    );
    expect(consumer).toBeDefined();
    const permissions = Object.values(service.findResources('AWS::Lambda::Permission'));
    expect(permissions.length).toBeGreaterThan(0);
    const policies = ['AWS::IAM::Policy', 'AWS::IAM::Role'].flatMap((type) =>
      Object.values(service.findResources(type)),
    );
    const statements = policies.flatMap(({ Properties }) => {
      const documents = [
        Properties.PolicyDocument,
        ...(Properties.Policies ?? []).map(
          (each: { PolicyDocument: object }) => each.PolicyDocument,
        ),
      ];
      return documents.flatMap((each) => each?.Statement ?? []);
    });
    const invoking = [
      ...permissions.map(({ Properties }) => JSON.stringify(Properties.FunctionName)),
      ...statements
        .filter(({ Action }) => /"(lambda:[^"]*|\*)"/.test(JSON.stringify(Action)))
        .map(({ Resource }) => JSON.stringify(Resource)),
    ];
    expect(invoking.filter((on) => on.includes(String(consumer)) || on === '"*"')).toEqual([]);
  },
);
