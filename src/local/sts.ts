import { randomUUID } from 'node:crypto';
import { parseAssumeRole } from './assume-role-input.ts';
import { escapeXml } from './escape-xml.ts';
import type { Iam } from './iam.ts';
import { deny } from './refusals.ts';
import type { AwsRequest, AwsResponse, AwsService, Place } from './service.ts';

interface StsOptions {
  readonly place: Place;
  readonly iam: Iam;
  /** Epoch milliseconds. @default the machine's clock */
  readonly now?: () => number;
}

/** AssumeRole and GetCallerIdentity, over the query protocol. */
export function createSts({ place, iam, now = Date.now }: StsOptions): AwsService {
  async function assumeRole(request: AwsRequest): Promise<AwsResponse> {
    const { principal } = request;
    const parsed = parseAssumeRole(form(request), {
      chained: principal.roleArn !== undefined,
      maxSeconds: (roleArn) => iam.role(roleArn)?.maxSessionSeconds,
    });
    if (parsed.kind === 'invalid') return failure(parsed.code, parsed.message, 400);
    const { roleArn, tags, context, packedPercent } = parsed.input;
    for (const action of actions(tags)) {
      if (await iam.trusts(roleArn, principal, action, context)) continue;
      return deny(
        { name: 'sts', failure },
        principal,
        { action, resource: roleArn },
        'ImplicitlyDenied',
      );
    }
    const role = iam.role(roleArn);
    if (role === undefined) throw new Error(`a role that is trusted but not there: ${roleArn}`);
    const credentials = iam.assume(roleArn, { ...parsed.input, now: now() });
    const session = parsed.input.sessionName;
    return success('AssumeRole', [
      '<AssumedRoleUser>',
      element('Arn', `arn:aws:sts::${place.account}:assumed-role/${role.name}/${session}`),
      element('AssumedRoleId', `${role.id}:${session}`),
      '</AssumedRoleUser>',
      '<Credentials>',
      element('AccessKeyId', credentials.accessKeyId),
      element('SecretAccessKey', credentials.secretAccessKey),
      element('SessionToken', credentials.sessionToken),
      element('Expiration', credentials.expiration.toISOString()),
      '</Credentials>',
      element('PackedPolicySize', String(packedPercent)),
    ]);
  }

  function callerIdentity({ principal: { arn, roleArn } }: AwsRequest): AwsResponse {
    const role = roleArn === undefined ? undefined : iam.role(roleArn);
    const session = arn.slice(arn.lastIndexOf('/') + 1);
    return success('GetCallerIdentity', [
      element('Arn', arn),
      element('UserId', role === undefined ? place.account : `${role.id}:${session}`),
      element('Account', place.account),
    ]);
  }

  return {
    name: 'sts',
    operation: (request) => form(request).get('Action') ?? 'Unknown',
    /**
     * What the caller's own policies must allow; the role's trust is asked in `handle`. On AWS a trust policy that
     * names a principal of its own account suffices alone. Here both must allow, so that neither half can be missing
     * from the template unnoticed; across accounts AWS asks for both too.
     */
    access(request) {
      if (request.operation !== 'AssumeRole') return [];
      const parsed = parseAssumeRole(form(request), {
        chained: false,
        maxSeconds: () => undefined,
      });
      if (parsed.kind === 'invalid') return [];
      const { roleArn, tags, context } = parsed.input;
      return actions(tags).map((action) => ({ action, resource: roleArn, context }));
    },
    async handle(request) {
      switch (request.operation) {
        case 'AssumeRole':
          return assumeRole(request);
        case 'GetCallerIdentity':
          return callerIdentity(request);
        default:
          return failure('InvalidAction', `Could not find operation ${request.operation}`, 400);
      }
    },
    failure,
    close: async () => {},
  };
}

/** A session with tags needs leave to tag besides (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html). */
function actions(tags: Readonly<Record<string, string>>): ('sts:AssumeRole' | 'sts:TagSession')[] {
  return Object.keys(tags).length > 0 ? ['sts:AssumeRole', 'sts:TagSession'] : ['sts:AssumeRole'];
}

function form({ body }: Pick<AwsRequest, 'body'>): URLSearchParams {
  return new URLSearchParams(body.toString());
}

function element(name: string, text: string): string {
  return `<${name}>${escapeXml(text)}</${name}>`;
}

const namespace = 'https://sts.amazonaws.com/doc/2011-06-15/';
const headers = { 'content-type': 'text/xml' };

function success(operation: string, result: readonly string[]): AwsResponse {
  const inner = `<${operation}Result>${result.join('')}</${operation}Result>`;
  const metadata = `<ResponseMetadata>${element('RequestId', randomUUID())}</ResponseMetadata>`;
  const body = `<${operation}Response xmlns="${namespace}">${inner}${metadata}</${operation}Response>`;
  return { status: 200, headers, body };
}

function failure(code: string, message: string, status: number): AwsResponse {
  const type = element('Type', status < 500 ? 'Sender' : 'Receiver');
  const error = `<Error>${type}${element('Code', code)}${element('Message', message)}</Error>`;
  const body = `<ErrorResponse xmlns="${namespace}">${error}${element('RequestId', randomUUID())}</ErrorResponse>`;
  return { status, headers, body };
}
