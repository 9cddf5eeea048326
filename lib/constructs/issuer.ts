import type { AuditStore } from '../audit-store.ts';
import type { Settings } from '../settings.ts';
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

/** The permission to fetch the public halves of the keys that grants are, or were, signed with. */
export function readIssuerKeys(props: IssuerProps): Statement {
  return { sid: 'ReadIssuerKeys', actions: ['kms:GetPublicKey'], resources: keys(props) };
}
