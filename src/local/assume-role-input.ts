import type { Access, PolicyDocument } from './service.ts';

interface AssumeRoleInput {
  readonly roleArn: string;
  readonly sessionName: string;
  readonly sessionPolicy?: PolicyDocument;
  readonly tags: Readonly<Record<string, string>>;
  readonly seconds: number;
  /** The condition keys that a trust policy may ask for. */
  readonly context: NonNullable<Access['context']>;
  /** How much of the room for policy and tags is used, percent. */
  readonly packedPercent: number;
}

type Parsed =
  | { readonly kind: 'valid'; readonly input: AssumeRoleInput }
  | { readonly kind: 'invalid'; readonly code: string; readonly message: string };

/** Characters of an inline policy; and, taken together here, of policy and tags. */
const policyLimit = 2048;

/** Parameters that would change what the session may do, and that nothing here honours. */
const unsupported = ['PolicyArns.member.1.arn', 'SerialNumber', 'TokenCode', 'SourceIdentity'];

/**
 * Reads AssumeRole's parameters and holds them to the limits of
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html.
 */
export function parseAssumeRole(
  form: URLSearchParams,
  {
    chained,
    maxSeconds,
  }: { chained: boolean; maxSeconds: (roleArn: string) => number | undefined },
): Parsed {
  const asked = unsupported.find((name) => form.has(name));
  if (asked !== undefined) return invalid(`${asked} is not supported locally`);
  const roleArn = form.get('RoleArn') ?? '';
  if (!/^arn:aws:iam::\d{12}:role\/[\w+=,.@/-]+$/.test(roleArn)) {
    return invalid(`${roleArn} is invalid`);
  }
  const sessionName = form.get('RoleSessionName') ?? '';
  if (!/^[\w+=,.@-]{2,64}$/.test(sessionName)) {
    return constraint(
      sessionName,
      'roleSessionName',
      'satisfy regular expression pattern: [\\w+=,.@-]{2,64}',
    );
  }

  const duration = form.get('DurationSeconds') ?? '3600';
  const seconds = Number(duration);
  if (!Number.isInteger(seconds) || seconds > 43_200) {
    return constraint(duration, 'durationSeconds', 'have value less than or equal to 43200');
  }
  if (seconds < 900)
    return constraint(duration, 'durationSeconds', 'have value greater than or equal to 900');
  if (chained && seconds > 3600) {
    return invalid(
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
    );
  }
  if (seconds > (maxSeconds(roleArn) ?? seconds)) {
    return invalid(
      'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    );
  }

  const tags = parseTags(form);
  if (typeof tags === 'string') return invalid(tags);
  const policy = form.get('Policy');
  if ((policy?.length ?? 0) > policyLimit) {
    return constraint(policy ?? '', 'policy', `have length less than or equal to ${policyLimit}`);
  }
  // AWS packs both into a binary form whose size it does not tell; the plain length can only be the stricter.
  const packed = (policy?.length ?? 0) + Object.entries(tags).join('').length;
  const packedPercent = Math.ceil((packed / policyLimit) * 100);
  if (packedPercent > 100) {
    const message = `Packed policy consumes ${packedPercent}% of allotted space, please use smaller policy.`;
    return { kind: 'invalid', code: 'PackedPolicyTooLarge', message };
  }
  const sessionPolicy = policy === null ? undefined : parsePolicy(policy);
  if (sessionPolicy === 'malformed') {
    return {
      kind: 'invalid',
      code: 'MalformedPolicyDocument',
      message: 'The policy is not valid JSON.',
    };
  }

  const context: Record<string, string | string[]> = { 'sts:RoleSessionName': sessionName };
  const externalId = form.get('ExternalId');
  if (externalId !== null) context['sts:ExternalId'] = externalId;
  if (Object.keys(tags).length > 0) context['aws:TagKeys'] = Object.keys(tags);
  for (const [key, value] of Object.entries(tags)) context[`aws:RequestTag/${key}`] = value;
  const policyPart = sessionPolicy && { sessionPolicy };
  return {
    kind: 'valid',
    input: { roleArn, sessionName, ...policyPart, tags, seconds, context, packedPercent },
  };
}

/** The session tags, or what is wrong with them (https://docs.aws.amazon.com/STS/latest/APIReference/API_Tag.html). */
function parseTags(form: URLSearchParams): Record<string, string> | string {
  const tags: Record<string, string> = Object.create(null);
  for (let index = 1; form.has(`Tags.member.${index}.Key`); index++) {
    const key = form.get(`Tags.member.${index}.Key`) ?? '';
    const value = form.get(`Tags.member.${index}.Value`) ?? '';
    if (index > 50) return 'Member must have length less than or equal to 50';
    if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u.test(key)) return `tag key '${key}' is invalid`;
    if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u.test(value))
      return `tag value '${value}' is invalid`;
    const twin = Object.keys(tags).some((other) => other.toLowerCase() === key.toLowerCase());
    if (twin) return `Duplicate tag keys found. Please note that Tag keys are case insensitive.`;
    tags[key] = value;
  }
  return tags;
}

function parsePolicy(text: string): PolicyDocument | 'malformed' {
  try {
    const policy: unknown = JSON.parse(text);
    if (typeof policy !== 'object' || policy === null || !('Statement' in policy))
      return 'malformed';
    return policy as PolicyDocument;
  } catch {
    return 'malformed';
  }
}

function invalid(message: string): Parsed {
  return { kind: 'invalid', code: 'ValidationError', message };
}

function constraint(value: string, name: string, rule: string): Parsed {
  return invalid(
    `1 validation error detected: Value '${value}' at '${name}' failed to satisfy constraint: Member must ${rule}`,
  );
}
