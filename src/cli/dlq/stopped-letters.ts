import { SealtrailError } from '../../domain/error.ts';
import { parseRecord } from '../../domain/manifest.ts';
import type { LoggedGrant } from '../../store/grant-log.ts';
import type { Session } from '../session.ts';
import type { Letter } from './letter.ts';

/** Ids of API keys; a grant for a token of an OpenID provider has another kind of name, which cannot be revoked. */
const apiKeyPattern = /^[a-z0-9]{1,64}$/;

/**
 * Which of these letters may be handed to the consumer again: all but those that came after their grant was stopped, if
 * the API key that it was issued for is revoked by now. A stop holds back what a person should look at; the key's
 * revocation says what that person found.
 */
export function stoppedLetters({ grants, registry }: Pick<Session, 'grants' | 'registry'>) {
  const revoked = new Map<string, Promise<boolean>>();

  const isRevoked = (keyId: string): Promise<boolean> => {
    const answer =
      revoked.get(keyId) ?? registry.apiKey(keyId).then((key) => key?.revoked !== undefined);
    revoked.set(keyId, answer);
    return answer;
  };

  return async (letters: readonly Letter[]): Promise<boolean[]> => {
    const named = letters.map(grantOf);
    const ids = new Set(named.filter((id) => id !== undefined));
    const known = ids.size === 0 ? new Map<string, LoggedGrant>() : await grants.find([...ids]);
    return Promise.all(
      letters.map(async ({ arrival }, i) => {
        const { stoppedAt, keyId } = known.get(named[i] ?? '') ?? {};
        if (stoppedAt === undefined || arrival < stoppedAt) return true;
        return keyId === undefined || !apiKeyPattern.test(keyId) || !(await isRevoked(keyId));
      }),
    );
  };
}

function grantOf({ data }: Letter): string | undefined {
  try {
    return parseRecord(data).grantId;
  } catch (error) {
    if (error instanceof SealtrailError) return undefined;
    throw error;
  }
}
