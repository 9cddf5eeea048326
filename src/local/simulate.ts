import { runSimulation } from '@cloud-copilot/iam-simulate';
import type { Access, Place, Principal } from './service.ts';

export type Decision = 'Allowed' | 'ImplicitlyDenied' | 'ExplicitlyDenied';

/** Who asks: a session or role, or a service such as `s3.amazonaws.com`, which has an ARN of neither. */
type Asking = Pick<Principal, 'arn' | 'identityPolicies' | 'tags'> &
  Partial<Pick<Principal, 'roleArn' | 'sessionPolicy'>>;

/**
 * Evaluates the identity, session and resource policies that bear on one access, as IAM does within one account
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html).
 * A policy that IAM would not have taken throws: it is a fault of the template, and must be loud.
 */
export async function simulate(place: Place, principal: Asking, access: Access): Promise<Decision> {
  const { sessionPolicy } = principal;
  const result = await runSimulation(
    {
      request: {
        principal: principal.arn,
        action: access.action,
        resource: { resource: literal(access.resource), accountId: place.account },
        contextVariables: contextOf(place, principal, access),
      },
      ...(sessionPolicy && { sessionPolicy }),
      identityPolicies: principal.identityPolicies.map(({ name, policy }) => ({ name, policy })),
      ...(access.resourcePolicy && { resourcePolicy: access.resourcePolicy }),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
    },
    {},
  );
  if (result.resultType !== 'error') return result.overallResult;
  // A name that no ARN of the action's can have: the caller's doing, and nothing can allow it.
  if (result.errors.message === 'no.resource.types') return 'ImplicitlyDenied';
  throw new Error(`cannot evaluate ${access.action}: ${JSON.stringify(result.errors)}`);
}

/** An asterisk in the ARN asked for (an object key may have one) stands for itself, in a policy only for anything. */
function literal(resource: string): string {
  return resource === '*' ? resource : resource.replaceAll('*', '\u2217');
}

/** The keys of the request; the simulator drops those that do not apply to the action. */
function contextOf(
  place: Place,
  principal: Asking,
  access: Access,
): Record<string, string | string[]> {
  const context: Record<string, string | string[]> = {
    // For a session this is the role's ARN, as
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html says.
    'aws:PrincipalArn': principal.roleArn ?? principal.arn,
    'aws:RequestedRegion': place.region,
    // The template's policies deny what does not come over TLS. The wire here is loopback without TLS, and no
    // stranger's: it counts as secure, so that these policies neither hide nor cause a denial.
    'aws:SecureTransport': 'true',
  };
  if (principal.arn.startsWith('arn:')) context['aws:PrincipalAccount'] = place.account;
  for (const [key, value] of Object.entries(principal.tags))
    context[`aws:PrincipalTag/${key}`] = value;
  for (const [key, value] of Object.entries(access.context ?? {})) {
    context[key] = typeof value === 'string' ? value : [...value];
  }
  return context;
}
