import type { Command } from '../command.ts';
import { Failure } from '../failure.ts';
import { makeKey } from './make-key.ts';

export const rotateKey: Command = {
  name: 'keys rotate',
  operands: 'KEY-ID',
  summary: 'make the key that replaces this one, and show it, once',
  options: {},
  about: [
    'The new key is of the same tenant, client and scopes. The old one stays good: give the application the new key, see that it works, then revoke the old one.',
  ],
  examples: ['keys rotate k3v7q2m5xw4ta6bn'],
  async run(args, session) {
    const id = args.operand(0);
    const old = await session.registry.apiKey(id);
    if (old === undefined) throw new Failure(`there is no key ${id}: see \`keys list\``);
    if (old.revoked !== undefined)
      throw new Failure(`${id} was revoked at ${old.revoked}: make a key with \`keys create\``);
    await makeKey(session, 'key.rotate', old, id);
    session.out.say(`Once it is in use: npm run sealtrail -- keys revoke ${id}`);
  },
};
