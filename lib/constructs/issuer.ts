import type { AuditStore } from '../audit-store.ts';
import type { Settings } from '../settings.ts';
import { keysUnlike } from './keys-like.ts';
import type { Statement } from './reasoned.ts';

interface IssuerProps {
  readonly settings: Settings;
  readonly data: AuditStore;
}

const keys = ({ settings, data }: IssuerProps): string[] => [
  data.signingKey.keyArn,
  ...data.otherSigningKeys.map((key) => key.keyArn),
  ...settings.retiredIssuerKeys,
];

/** The part of every function's environment that says who issues grants. */
export function issuerName(props: IssuerProps): { ISSUER: string; ISSUER_KEYS: string } {
  return { ISSUER: `sealtrail/${props.settings.stage}`, ISSUER_KEYS: keys(props).join(',') };
}

/** Grants of the key before are still signed while a deployment takes its time, s. */
const deploymentSeconds = 3600;

/** Between when and when each of `ISSUER_KEYS` signs, as far as it was told: `<from>-<to>`, epoch seconds. */
export function keyTimes({ settings, data }: IssuerProps): { ISSUER_KEY_TIMES?: string } {
  const { signingSince } = settings;
  if (signingSince.length === 0) return {};
  const since = signingSince.map((time) => Math.floor(Date.parse(time) / 1000));
  const timesOf = (number: number) => {
    const next = since[number];
    return `${since[number - 1] ?? ''}-${next === undefined ? '' : next + deploymentSeconds}`;
  };
  // In the order of `keys` above: the one that signs, and the others, newest first.
  const others = data.otherSigningKeys.map((_, i) => settings.signingKeys - i);
  const ordered = [settings.signWith, ...others.map((n) => (n > settings.signWith ? n : n - 1))];
  return { ISSUER_KEY_TIMES: ordered.map(timesOf).join(',') };
}

/** Who else than our own keys may say who calls; nothing where nobody may. */
export function oidcIssuers({ oidc }: Settings): { OIDC_ISSUERS?: string } {
  return oidc.length === 0 ? {} : { OIDC_ISSUERS: JSON.stringify(oidc) };
}

/** The permission to fetch the public halves of the keys that grants are, or were, signed with. */
export function readIssuerKeys(props: IssuerProps): Statement {
  return { sid: 'ReadIssuerKeys', actions: ['kms:GetPublicKey'], resources: keys(props) };
}

/**
 * The permissions to issue grants: to have KMS sign them, as Ed25519 (what KMS signs is any message: whoever may, can
 * mint a grant of any client of any tenant), and to log them. The id of a grant has no `#`; what has one ends a grant.
 */
export function issueGrants(data: AuditStore): Statement[] {
  return [
    {
      sid: 'SignGrants',
      actions: ['kms:Sign'],
      resources: [data.signingKey.keyArn],
      // https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
      conditions: { StringEquals: { 'kms:SigningAlgorithm': 'ED25519_SHA_512' } },
    },
    {
      sid: 'InsertGrants',
      actions: ['dynamodb:PartiQLInsert'],
      resources: [data.grants.tableArn],
      conditions: keysUnlike(notOfGrants),
    },
  ];
}

/** Rows of the table of grants that are about a grant: its revocation, or what stops it. */
export const notOfGrants = '*#*';
