import { randomInt } from 'node:crypto';
import { toTime } from '../../domain/encoding.ts';
import type { Event } from '../../domain/event.ts';
import { uuidSource } from '../../domain/uuid.ts';

const people = [
  'Ana Petrova',
  'Chidi Okafor',
  'Emma Lind',
  'Kenji Sato',
  'Lucía Gómez',
  'Noor Haddad',
];
const agents = [
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36',
  'Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0',
  'acme-cli/4.2.0 node/24.1.0 linux-x64',
];
const places = ['Berlin, DE', 'Lagos, NG', 'Osaka, JP', 'Madrid, ES', 'Austin, US'];

/** What a user of a billing product does, with how often (of 100) and on what. */
const deeds = [
  { action: 'session.created', share: 30, target: 'session' },
  { action: 'invoice.viewed', share: 30, target: 'invoice' },
  { action: 'invoice.refunded', share: 12, target: 'invoice' },
  { action: 'member.role.changed', share: 10, target: 'member' },
  { action: 'api_key.created', share: 8, target: 'api_key' },
  { action: 'export.downloaded', share: 6, target: 'export' },
  { action: 'member.removed', share: 4, target: 'member' },
] as const;

/** A source of realistic events of some 700 bytes, each of the moment at which it is asked for. */
export function sampleEvents(
  now: () => number,
  random: (max: number) => number = randomInt,
): () => Event {
  const mint = uuidSource();
  const pick = <T>(from: readonly T[]): T => from[random(from.length)] as T;
  const hex = (digits: number) =>
    Array.from({ length: digits }, () => random(16).toString(16)).join('');

  return () => {
    const ms = now();
    const deed = pickDeed(random(100));
    const person = random(people.length);
    const outcome = random(100) < 93 ? 'success' : random(2) === 0 ? 'denied' : 'failure';
    return {
      id: mint(ms),
      time: toTime(ms),
      action: deed.action,
      actor: {
        type: 'user',
        id: `user_${1000 + person}`,
        name: people[person] as string,
        sessionId: `sess_${hex(16)}`,
        ...(random(50) === 0
          ? { onBehalfOf: { type: 'user', id: `user_${2000 + random(500)}` } }
          : {}),
      },
      targets: [
        {
          type: deed.target,
          id: `${deed.target}_${10_000 + random(5000)}`,
          name: `${deed.target} ${random(5000)}`,
        },
      ],
      outcome,
      ...(outcome === 'denied' ? { reason: 'the role lacks this permission' } : {}),
      context: {
        ip: `198.51.100.${random(256)}`,
        userAgent: pick(agents),
        requestId: `req_${hex(20)}`,
        location: pick(places),
      },
      correlationId: hex(32),
      ...(deed.action === 'member.role.changed'
        ? { changes: [{ op: 'replace' as const, path: '/role', from: 'viewer', to: 'admin' }] }
        : {}),
      metadata: {
        region: pick(['eu-central-1', 'us-east-1']),
        plan: pick(['free', 'team', 'enterprise']),
        amountCents: random(100_000),
        durationMs: random(900),
      },
    };
  };
}

function pickDeed(percent: number): (typeof deeds)[number] {
  let sum = 0;
  for (const deed of deeds) {
    sum += deed.share;
    if (percent < sum) return deed;
  }
  return deeds[0];
}
