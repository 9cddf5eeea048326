/** Records whose fate depends on a grant and on when they arrived (FORMAT.md, sections 6 and 7). */
import { toTime } from '../../src/domain/encoding.ts';
import { signJws } from '../../src/domain/jws.ts';
import { eventAt, start } from './build.ts';
import {
  billing,
  crm,
  eventLines,
  grantOf,
  house,
  impostor,
  reader,
  sealed,
  signed,
} from './parties.ts';

export interface UnderGrant {
  readonly record: Buffer;
  readonly grant: string;
  readonly arrival: string;
  readonly revokedAt: string | null;
  /** `valid`, or the code. */
  readonly expect: string;
}

const five = eventLines(5);
const minute = 60_000;
/** As `grantOf` says. */
const end = start - minute + 3_600_000;

function arrived(
  expect: string,
  ms: number,
  {
    by = billing,
    grant = grantOf(billing).jwt,
    lines = five,
    revokedAt,
  }: {
    by?: typeof billing;
    grant?: string;
    lines?: Buffer[];
    revokedAt?: number;
  } = {},
): UnderGrant {
  const record = signed(by, sealed(by, lines));
  const revoked = revokedAt === undefined ? null : toTime(revokedAt);
  return { record, grant, arrival: toTime(ms), revokedAt: revoked, expect };
}

const soon = start + 1000;
const to = start + 40;
const read = { by: reader, grant: grantOf(reader, { via: 'service' }).jwt };
const reads = (...actions: string[]) => ({
  ...read,
  lines: actions.map((action, n) => Buffer.from(JSON.stringify(eventAt(start, n, { action })))),
});
const [header = '', payload = ''] = grantOf(billing)
  .jwt.split('.')
  .map((text) => Buffer.from(text, 'base64url').toString());

export const underGrants: Record<string, UnderGrant> = {
  'valid-in-force': arrived('valid', soon),
  'valid-15-minutes-after-its-end': arrived('valid', end + 15 * minute),
  'wrong-later-than-that': arrived('grant-expired', end + 15 * minute + 1),
  'valid-before-its-revocation': arrived('valid', soon, { revokedAt: soon + 1 }),
  'wrong-at-its-revocation': arrived('grant-revoked', soon, { revokedAt: soon }),
  'wrong-revoked-and-signed-by-another': arrived('grant-revoked', soon, {
    by: impostor,
    revokedAt: soon,
  }),
  'wrong-signed-by-another': arrived('signature-invalid', soon, { by: impostor }),
  'wrong-of-another-client': arrived('client-mismatch', soon, {
    by: { ...billing, client: 'crm' },
  }),
  'wrong-under-another-grant': arrived('grant-unknown', soon, { grant: grantOf(crm).jwt }),
  'wrong-grant-with-a-tenant-twice': arrived('grant-unknown', soon, {
    grant: signJws(
      header,
      payload.replace('"tenant":', '"tenant":"evil","tenant":'),
      house.key.privateKey,
    ),
  }),
  'valid-5-minutes-ahead': arrived('valid', to - 5 * minute),
  'wrong-further-ahead': arrived('clock-ahead', to - 5 * minute - 1),
  'valid-as-old-as-is-kept': arrived('valid', to + 86_400_000, {
    grant: grantOf(billing, { retentionDays: 1, exp: start / 1000 + 100_000 }).jwt,
  }),
  'wrong-older-than-is-kept': arrived('too-old', to + 86_400_001, {
    grant: grantOf(billing, { retentionDays: 1, exp: start / 1000 + 100_000 }).jwt,
  }),
  'valid-reads': arrived('valid', soon, reads('audit.log.read', 'audit.viewer.create')),
  'wrong-action-behind-a-read': arrived(
    'action-forbidden',
    soon,
    reads('audit.log.read', 'invoice.refunded'),
  ),
  'wrong-read-that-is-no-event': arrived('action-forbidden', soon, {
    ...read,
    lines: [Buffer.from(JSON.stringify(eventAt(start, 0, { action: 'audit.log.read', typo: 1 })))],
  }),
};
