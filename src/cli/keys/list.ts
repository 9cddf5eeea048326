import type { Command } from '../command.ts';

export const listKeys: Command = {
  name: 'keys list',
  summary: 'show API keys: whose they are, never what they are',
  options: {
    tenant: { value: 'TENANT', help: "only this tenant's; '*' for those that read every tenant" },
    client: { value: 'NAME', help: "only this client's" },
    all: { help: 'revoked ones too' },
  },
  about: [],
  examples: ['keys list --tenant acme', 'keys list --all --json'],
  async run(args, { registry, out }) {
    const tenant = args.text('tenant') === '*' ? '*' : args.id('tenant');
    const client = args.id('client');
    const rows = [];
    for await (const { hash: _, scopes, ...key } of registry.apiKeys(tenant)) {
      if (client !== undefined && key.client !== client) continue;
      if (key.revoked !== undefined && !args.flag('all')) continue;
      rows.push({ ...key, scopes: [...scopes].sort() });
    }
    rows.sort((a, b) => {
      const [left, right] = [a, b].map((row) => `${row.tenant} ${row.client} ${row.created}`);
      return (left ?? '') < (right ?? '') ? -1 : 1;
    });
    const revoked = args.flag('all') ? ['revoked'] : [];
    out.rows(rows, ['id', 'tenant', 'client', 'scopes', 'created', ...revoked]);
    if (rows.length === 0) out.say('There are no such keys.');
  },
};
