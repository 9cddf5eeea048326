import { toTime } from '../../domain/encoding.ts';
import { audited } from '../audited.ts';
import type { Command } from '../command.ts';
import { Failure } from '../failure.ts';

export const revokeKey: Command = {
  name: 'keys revoke',
  operands: 'KEY-ID',
  summary: 'end a key, for good',
  options: {},
  about: [
    'It is refused everywhere within 30 seconds. Credentials that were vended for it live on for up to an hour: where a key has leaked, revoke its grants too (`grants revoke --tenant TENANT --client NAME`).',
  ],
  examples: ['keys revoke k3v7q2m5xw4ta6bn'],
  async run(args, session) {
    const { registry, out, now } = session;
    const id = args.operand(0);
    const key = await registry.apiKey(id);
    if (key === undefined) throw new Failure(`there is no key ${id}: see \`keys list --all\``);
    const { tenant, client } = key;
    let { revoked } = key;
    if (revoked !== undefined) {
      out.note(`${id} was revoked already`);
    } else {
      const at = toTime(now());
      const targets = [
        { type: 'tenant', id: tenant },
        { type: 'api-key', id },
      ];
      await audited(session, { action: 'key.revoke', targets, metadata: { client } }, async () => {
        if ((await registry.revokeKey(id, at)) === 'conflict')
          throw new Failure(`somebody else revoked ${id} just now`);
        return { value: undefined };
      });
      revoked = at;
    }
    out.rows([{ id, tenant, client, revoked }], ['id', 'tenant', 'client', 'revoked']);
  },
};
