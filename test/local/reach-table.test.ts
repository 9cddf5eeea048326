import { beforeAll, expect, test } from 'vitest';
import { AuditPipeline } from '../../lib/audit-pipeline.ts';
import { deeds } from '../../src/local/policies/deeds.ts';
import { operatorsAssembly } from '../../src/local/policies/operators-assembly.ts';
import { reachTable } from '../../src/local/policies/reach-table.ts';
import { readAssembly } from '../../src/local/template/assembly.ts';
import { editedAssembly } from '../fixture/edited-assembly.ts';

let assembly: string;
let rows: Rows;
beforeAll(async () => {
  assembly = await operatorsAssembly();
  rows = await asked(assembly);
});

type Rows = Record<string, Record<string, string>>;

/** A table's cells, by what their row asks and by whose column they are in. */
async function asked(folder: string, ...only: string[]): Promise<Rows> {
  const some = only.length === 0 ? deeds : deeds.filter(({ does }) => only.includes(does));
  const table = await reachTable(await readAssembly(folder), some);
  const cells = (line = '') =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
  const [head = '', , ...lines] = table.split('\n');
  const [, ...names] = cells(head);
  return Object.fromEntries(
    lines.map((line) => {
      const [deed = '', ...answers] = cells(line);
      return [deed, Object.fromEntries(answers.map((answer, i) => [names[i] ?? '', answer]))];
    }),
  );
}

const makeKey = 'make an API key, such as one that reads all tenants';

test('every grant method and every role has a column, and cells say by what', () => {
  const columns = Object.keys(rows[makeKey] ?? {});
  const grantMethods = Object.getOwnPropertyNames(AuditPipeline.prototype).filter((name) =>
    name.startsWith('grant'),
  );
  expect(grantMethods).toEqual(['grantAdministration', 'grantRedrive']);
  expect(columns).toEqual([
    ...grantMethods,
    'TokenServiceWriter',
    'TokenServiceTokenRole',
    'ConsumerRole',
    'ReadApiReadRole',
    'AuditorRole',
  ]);
  expect(rows[makeKey]).toMatchObject({
    grantAdministration: '`PartiQLInsert` `UpdateItem`',
    grantRedrive: 'no',
    TokenServiceTokenRole: 'no',
  });
  expect(rows['mint a grant: have KMS sign it']).toMatchObject({
    grantRedrive: '`Sign`',
    ReadApiReadRole: 'no',
  });
  expect(rows['get sessions of the writer’s role']).toMatchObject({
    TokenServiceTokenRole: '`AssumeRole`',
    grantAdministration: 'no',
  });
});

test('what no role may is told of none', () => {
  for (const deed of [
    'change or remove a batch',
    'replace the row of a key, such as a revoked one',
    'remove a key',
    'have KMS sign by another algorithm',
    'change or remove a grant or its revocation',
    'change a function',
    'delete a version of a dead letter, or its lock',
    'take away what protects the data',
  ])
    expect(new Set(Object.values(rows[deed] ?? {})), deed).toEqual(new Set(['no']));
});

test('a permission that is added to a template is seen by what it lets one do', async () => {
  const wider = editedAssembly(assembly, 'Operators', (resources) => {
    for (const [id, { Properties }] of Object.entries(resources)) {
      if (!id.startsWith('grantRedriveDefaultPolicy')) continue;
      const { Statement } = Properties['PolicyDocument'] as { Statement: object[] };
      Statement.push({ Effect: 'Allow', Action: 'dynamodb:*', Resource: '*' });
    }
  });
  const read = 'read any tenant’s batches';
  const alter = 'change or remove a batch';
  const answers = await asked(wider, makeKey, read, alter);
  expect(answers[makeKey]?.['grantRedrive']).toContain('`PutItem`');
  expect(answers[read]?.['grantRedrive']).toContain('`Query`');
  // The table's own policy still denies this.
  expect(answers[alter]?.['grantRedrive']).toBe('no');
});
