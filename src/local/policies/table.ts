import type { Stack } from '../template/assembly.ts';
import { resolve } from '../template/resolve.ts';
import { many, named, resourcePolicies, rolesOf, type Statement, scopeOf } from './declared.ts';

const code = (text: string) => `\`${text}\``;

/**
 * Who may do what on what, and if what: two tables in Markdown, of every role's permissions and trust and of every
 * resource's own policy, as the templates of a cloud assembly have them. Resources are named by their logical ids
 * without the hash at their end.
 */
export function policyTables(stacks: readonly Stack[]): string {
  const roles: string[] = [];
  const resources: string[] = [];
  for (const stack of stacks) {
    const scope = scopeOf(stack, stacks, { pseudo, attribute: named });
    for (const [id, declared] of Object.entries(stack.template.Resources)) {
      const properties = resolve(declared.Properties ?? {}, scope) as Record<string, unknown>;
      for (const role of rolesOf(id, declared, properties)) {
        for (const statement of role.document.Statement)
          roles.push(permission(role.name, statement));
      }
      for (const { on, document } of resourcePolicies(id, declared, properties)) {
        for (const statement of document.Statement) resources.push(rule(on, statement));
      }
    }
  }
  return [
    '| role | may | on | if |\n|---|---|---|---|',
    ...roles.sort(),
    '\n| resource | | who | what | if |\n|---|---|---|---|---|',
    ...resources.sort(),
  ].join('\n');
}

function permission(role: string, statement: Statement): string {
  const may = many(statement.Action).map(code).join(' ');
  const verb = statement.Effect === 'Deny' ? '**not** ' : '';
  return `| ${role} | ${verb}${may} | ${many(statement.Resource).map(plain).join(', ')} | ${conditions(statement)} |`;
}

function rule(on: string, statement: Statement): string {
  const { Principal: who } = statement;
  const whom =
    typeof who === 'string' ? [who] : Object.values(who ?? {}).flatMap((each) => many(each));
  const whose = whom.map((each) => (each === '*' ? 'anybody' : plain(each))).join(', ');
  const what = many(statement.Action).map(code).join(' ');
  const verb = statement.Effect === 'Deny' ? 'denies' : 'allows';
  return `| ${on} | ${verb} | ${whose} | ${what} | ${conditions(statement)} |`;
}

function conditions({ Condition }: Statement): string {
  return Object.entries(Condition ?? {})
    .flatMap(([operator, keys]) =>
      Object.entries(keys).map(
        ([key, value]) => `${operator} ${code(key)} ${many(value).map((v) => plain(String(v)))}`,
      ),
    )
    .join('; ');
}

/** Principals that have a plainer name than their ARN. */
const known: Readonly<Record<string, string>> = {
  'arn:aws:iam::ACCOUNT:root': 'the account',
  'arn:aws:iam::ACCOUNT:role/sealtrail-break-glass': 'the break-glass role',
};

const plain = (text: string) => known[text] ?? text.replaceAll('*', '\\*');

const pseudo: Readonly<Record<string, string>> = {
  'AWS::Partition': 'aws',
  'AWS::AccountId': 'ACCOUNT',
  'AWS::Region': 'REGION',
  'AWS::URLSuffix': 'amazonaws.com',
};
