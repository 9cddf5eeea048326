import { beforeAll, expect, test } from 'vitest';
import { policyTables } from '../../src/local/policies/table.ts';
import { readAssembly } from '../../src/local/template/assembly.ts';
import { assemble } from '../fixture/assemble.ts';
import { editedAssembly } from '../fixture/edited-assembly.ts';

let assembly: string;
beforeAll(() => {
  ({ assembly } = assemble());
});

const tableOf = async (folder: string) => policyTables(await readAssembly(folder));

test('names who may do what on what, and if what, without a hash or a reference', async () => {
  const table = await tableOf(assemble({ stage: 'prod' }).assembly);
  expect(table).toContain('| ConsumerRole | `dynamodb:BatchGetItem` | Grants |  |');
  expect(table).toContain(
    '| TokenServiceTokenRole | `kms:Sign` | SigningKey | StringEquals `kms:SigningAlgorithm` ED25519_SHA_512 |',
  );
  expect(table).toMatch(/\| Batches \| denies \| anybody \|.*`dynamodb:DeleteItem`.*break-glass/);
  expect(table).not.toMatch(/[0-9A-F]{8}|Token\[|\[object/);
});

test('a permission that is added to a template is seen', async () => {
  const wider = editedAssembly(assembly, 'Service', (resources) => {
    for (const [id, { Properties }] of Object.entries(resources)) {
      if (!id.startsWith('ConsumerRoleDefaultPolicy')) continue;
      const { Statement } = Properties['PolicyDocument'] as { Statement: object[] };
      Statement.push({ Effect: 'Allow', Action: 'dynamodb:*', Resource: '*' });
    }
  });
  expect(await tableOf(wider)).toContain('| ConsumerRole | `dynamodb:*` | \\* |  |');
  expect(await tableOf(assembly)).not.toContain('`dynamodb:*`');
});
