import { type ApiKeyRecord, mintApiKey } from '../../domain/api-key.ts';
import { toTime } from '../../domain/encoding.ts';
import { audited } from '../audited.ts';
import { Failure } from '../failure.ts';
import type { Session } from '../session.ts';

/** Keys of one client that are good at the same time: the one in use, and the one that replaces it. */
const maxLive = 2;

/** A client's keys that are not revoked. */
async function liveKeys(
  { registry }: Session,
  { tenant, client }: Pick<ApiKeyRecord, 'tenant' | 'client'>,
): Promise<string[]> {
  const live: string[] = [];
  for await (const key of registry.apiKeys(tenant))
    if (key.client === client && key.revoked === undefined) live.push(key.id);
  return live;
}

/**
 * Makes a key and shows it, this once: only its hash is kept. Throws a Failure if the client has two already, or
 * has them once this one is there too (then it is revoked again: two operators were at work).
 */
export async function makeKey(
  session: Session,
  action: 'key.create' | 'key.rotate',
  about: Pick<ApiKeyRecord, 'tenant' | 'client' | 'scopes'>,
  replaces?: string,
): Promise<void> {
  const { registry, out, now } = session;
  const { tenant, client, scopes } = about;
  const tooMany = (ids: readonly string[]) =>
    new Failure(
      `${client} of ${tenant} has ${maxLive} keys already (${ids.join(', ')}): revoke one of them first`,
    );
  const live = await liveKeys(session, about);
  if (live.length >= maxLive) throw tooMany(live);

  const { id, text, hash } = mintApiKey();
  const created = toTime(now());
  const targets = [
    { type: 'tenant', id: tenant },
    { type: 'api-key', id },
  ];
  const metadata = { client, scopes: [...scopes], ...(replaces !== undefined && { replaces }) };
  await audited(session, { action, targets, metadata }, async () => {
    if ((await registry.putKey(id, { hash, tenant, client, scopes, created })) === 'exists')
      throw new Failure('a key of this id exists: try again');
    const others = (await liveKeys(session, about)).filter((each) => each !== id);
    if (others.length >= maxLive) {
      await registry.revokeKey(id, toTime(now()));
      throw tooMany(others);
    }
    return { value: undefined };
  });
  out.rows(
    [{ id, tenant, client, scopes: [...scopes], created, key: text }],
    ['id', 'tenant', 'client', 'scopes', 'created'],
  );
  for (const line of [
    '',
    `Key: ${text}`,
    '',
    'It is shown this once: put it where the application finds it.',
  ])
    out.say(line);
}
