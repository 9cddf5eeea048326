import { randomBytes } from 'node:crypto';
import type { Access, Place, PolicyDocument, Principal } from './service.ts';
import { type Decision, simulate } from './simulate.ts';

/** What a caller signs with; `expiration` is when the session ends. */
interface SessionCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration: Date;
}

interface RoleInput {
  readonly name: string;
  readonly arn: string;
  readonly trust: PolicyDocument;
  readonly policies: readonly { readonly name: string; readonly policy: PolicyDocument }[];
  /** Longest session, seconds. @default 3600, as IAM's MaxSessionDuration */
  readonly maxSessionSeconds?: number;
}

/** A role as it stands: replaced as a whole when a policy changes, so its identity is its version. */
interface Role extends Required<RoleInput> {
  /** `AROA…`, the first half of an AssumedRoleId. */
  readonly id: string;
}

interface AssumeInput {
  readonly sessionName: string;
  readonly sessionPolicy?: PolicyDocument;
  readonly tags?: Readonly<Record<string, string>>;
  readonly seconds: number;
  /** Epoch milliseconds. */
  readonly now: number;
}

interface Found {
  readonly secretAccessKey: string;
  readonly principal: Principal;
  /** Epoch milliseconds; absent for the root, whose key does not end. */
  readonly expiresAt?: number;
}

/** The account's roles and sessions, and whether they may do what they ask. */
export interface Iam {
  /** The local operator. Allowed everything that no resource policy denies. */
  readonly root: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly principal: Principal;
  };
  putRole(role: RoleInput): void;
  /** Attaches an inline policy, or replaces the one of that name. Sessions already open feel it. */
  putPolicy(roleName: string, name: string, policy: PolicyDocument): void;
  role(arn: string): Role | undefined;
  /** Opens a session without asking anybody: `sts.ts` asks first, a Lambda function is its own service. */
  assume(roleArn: string, input: AssumeInput): SessionCredentials;
  /** The caller behind a key. A key whose session token differs is an unknown one. */
  find(accessKeyId: string, sessionToken?: string): Found | undefined;
  allowed(principal: Principal, access: Access): Promise<Decision>;
  /** Whether the trust policy of a role lets a principal take this action on it. */
  trusts(
    roleArn: string,
    principal: Principal,
    action: 'sts:AssumeRole' | 'sts:TagSession',
    context: NonNullable<Access['context']>,
  ): Promise<boolean>;
}

interface Session {
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly roleArn: string;
  readonly arn: string;
  readonly sessionPolicy: PolicyDocument | undefined;
  readonly tags: Readonly<Record<string, string>>;
  readonly expiresAt: number;
  /** The principal as the role was when it was last asked for. */
  seen?: { readonly role: Role; readonly principal: Principal };
}

/** Sessions are remembered this long after their end, so that they are told so: milliseconds. */
const rememberedAfterEnd = 3_600_000;

const cachedDecisions = 5_000;

export function createIam(place: Place): Iam {
  const roles = new Map<string, Role>();
  const sessions = new Map<string, Session>();
  const decisions = new WeakMap<Principal, Map<string, Promise<Decision>>>();
  const policyIds = new WeakMap<PolicyDocument, number>();
  let policyCount = 0;

  const root = {
    accessKeyId: keyId('AKIA'),
    secretAccessKey: secret(),
    principal: { arn: `arn:aws:iam::${place.account}:root`, identityPolicies: [], tags: {} },
  } satisfies Iam['root'];

  function replace(role: RoleInput): void {
    const id = roles.get(role.arn)?.id ?? keyId('AROA');
    roles.set(role.arn, { maxSessionSeconds: 3600, ...role, id });
  }

  function known(roleArn: string): Role {
    const role = roles.get(roleArn);
    if (role === undefined) throw new Error(`no role ${roleArn}`);
    return role;
  }

  function principalOf(session: Session): Principal {
    const role = known(session.roleArn);
    if (session.seen?.role !== role) {
      const { sessionPolicy } = session;
      session.seen = {
        role,
        principal: {
          arn: session.arn,
          roleArn: role.arn,
          identityPolicies: role.policies,
          ...(sessionPolicy && { sessionPolicy }),
          tags: session.tags,
        },
      };
    }
    return session.seen.principal;
  }

  /** Policy documents are never changed in place, so that their identity stands for their content. */
  function policyId(policy: PolicyDocument | undefined): number {
    if (policy === undefined) return 0;
    const id = policyIds.get(policy) ?? ++policyCount;
    policyIds.set(policy, id);
    return id;
  }

  async function decide(principal: Principal, access: Access): Promise<Decision> {
    if (principal.arn !== root.principal.arn) return simulate(place, principal, access);
    if (access.resourcePolicy === undefined) return 'Allowed';
    const decision = await simulate(place, principal, access);
    return decision === 'ExplicitlyDenied' ? decision : 'Allowed';
  }

  /** A call is simulated once (0.4 ms) and then remembered: a hot client repeats the same one. */
  function allowed(principal: Principal, access: Access): Promise<Decision> {
    const mine = decisions.get(principal) ?? new Map<string, Promise<Decision>>();
    decisions.set(principal, mine);
    const { action, resource, context, resourcePolicy } = access;
    const key = JSON.stringify([action, resource, context, policyId(resourcePolicy)]);
    const remembered = mine.get(key);
    if (remembered !== undefined) return remembered;
    if (mine.size >= cachedDecisions) mine.clear();
    const decision = decide(principal, access);
    mine.set(key, decision);
    return decision;
  }

  return {
    root,
    allowed,
    putRole: replace,
    putPolicy(roleName, name, policy) {
      const role = [...roles.values()].find((each) => each.name === roleName);
      if (role === undefined) throw new Error(`no role named ${roleName}`);
      const others = role.policies.filter((each) => each.name !== name);
      replace({ ...role, policies: [...others, { name, policy }] });
    },
    role: (arn) => roles.get(arn),
    assume(roleArn, { sessionName, sessionPolicy, tags = {}, seconds, now }) {
      const role = known(roleArn);
      for (const [key, { expiresAt }] of sessions) {
        if (expiresAt + rememberedAfterEnd < now) sessions.delete(key);
      }
      const accessKeyId = keyId('ASIA');
      const session: Session = {
        secretAccessKey: secret(),
        sessionToken: randomBytes(96).toString('base64'),
        roleArn,
        arn: `arn:aws:sts::${place.account}:assumed-role/${role.name}/${sessionName}`,
        sessionPolicy,
        tags,
        expiresAt: now + seconds * 1000,
      };
      sessions.set(accessKeyId, session);
      const { secretAccessKey, sessionToken, expiresAt } = session;
      return { accessKeyId, secretAccessKey, sessionToken, expiration: new Date(expiresAt) };
    },
    find(accessKeyId, sessionToken) {
      if (accessKeyId === root.accessKeyId) return sessionToken === undefined ? root : undefined;
      const session = sessions.get(accessKeyId);
      if (session === undefined || session.sessionToken !== sessionToken) return undefined;
      const { secretAccessKey, expiresAt } = session;
      return { secretAccessKey, principal: principalOf(session), expiresAt };
    },
    async trusts(roleArn, principal, action, context) {
      const resourcePolicy = roles.get(roleArn)?.trust;
      if (resourcePolicy === undefined) return false;
      return (
        'Allowed' ===
        (await allowed(principal, { action, resource: roleArn, context, resourcePolicy }))
      );
    },
  };
}

/** Four letters that say what it names, and sixteen more, as AWS makes them. */
function keyId(prefix: 'AKIA' | 'ASIA' | 'AROA'): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  return prefix + Array.from(randomBytes(16), (byte) => alphabet[byte % 32]).join('');
}

function secret(): string {
  return randomBytes(30).toString('base64');
}
