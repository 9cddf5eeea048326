import { expect, test } from 'vitest';
import type { Letter } from '../../src/cli/dlq/letter.ts';
import { stoppedLetters } from '../../src/cli/dlq/stopped-letters.ts';
import { signBatch } from '../../src/domain/seal.ts';
import type { GrantLog, LoggedGrant } from '../../src/store/grant-log.ts';
import type { Registry } from '../../src/store/registry.ts';
import { batchOf, type Signer, signer } from '../fixture/batches.ts';
import { event, line } from '../fixture/events.ts';

const stoppedAt = Date.parse('2026-03-01T12:00:00.000Z');

function letterOf(data: Buffer, arrival = stoppedAt): Letter {
  const place = { id: 'id', shard: 's', sequenceNumber: '1', partitionKey: 'p', attempts: 0 };
  return { ...place, code: 'grant-stopped', reason: 'because', arrival, data };
}

const recordOf = (who: Signer) =>
  signBatch(batchOf([line(event(stoppedAt - 1))], who), who.grantId, who.key);

/** Asks of letters under these grants, of which the keys named `gone…` are revoked. */
function setUp(known: Record<string, Partial<LoggedGrant>>) {
  const asked: string[] = [];
  const grants = {
    find: async (ids: readonly string[]) =>
      new Map(
        ids.flatMap((id) =>
          known[id]
            ? [[id, { jwt: '', tenant: 'acme', client: 'billing', ...known[id] }] as const]
            : [],
        ),
      ),
  } as GrantLog;
  const registry = {
    async apiKey(id: string) {
      asked.push(id);
      return id.startsWith('gone') ? { revoked: '2026-03-01T12:30:00.000Z' } : {};
    },
  } as unknown as Registry;
  return { may: stoppedLetters({ grants, registry }), asked };
}

test('what came after its grant was stopped is refused only if the key of the grant was revoked', async () => {
  const [good, gone, token, live] = [signer(), signer(), signer(), signer()];
  const { may, asked } = setUp({
    [good.grantId]: { stoppedAt, keyId: 'good1' },
    [gone.grantId]: { stoppedAt, keyId: 'gone1' },
    [token.grantId]: { stoppedAt, keyId: 'oidc.gone' },
    [live.grantId]: { keyId: 'gone2' },
  });
  const letters = [good, gone, token, live, signer()].map((who) => letterOf(recordOf(who)));
  expect(await may(letters)).toEqual([true, false, true, true, true]);
  expect(asked).toEqual(['good1', 'gone1']); // nobody's else is of any matter
  expect(await may([letterOf(recordOf(gone)), letterOf(recordOf(gone))])).toEqual([false, false]);
  expect(asked).toHaveLength(2);
});

test('what came before the stop, and what names no grant, is no matter of it', async () => {
  const gone = signer();
  const { may } = setUp({ [gone.grantId]: { stoppedAt, keyId: 'gone1' } });
  const early = letterOf(recordOf(gone), stoppedAt - 1);
  expect(await may([early, letterOf(Buffer.from('noise'))])).toEqual([true, true]);
  expect(await may([])).toEqual([]);
});
