import type { Access, AwsResponse, AwsService, Principal } from './service.ts';
import type { Refusal } from './sigv4.ts';

interface Words {
  readonly code: string;
  readonly status: number;
}

type Dialect = Record<Refusal['why'] | 'denied', Words>;

/** The JSON services: https://docs.aws.amazon.com/kinesis/latest/APIReference/CommonErrors.html. */
const json: Dialect = {
  incomplete: { code: 'IncompleteSignatureException', status: 400 },
  scope: { code: 'InvalidSignatureException', status: 400 },
  stale: { code: 'InvalidSignatureException', status: 400 },
  'unknown-key': { code: 'UnrecognizedClientException', status: 400 },
  'expired-token': { code: 'ExpiredTokenException', status: 400 },
  mismatch: { code: 'InvalidSignatureException', status: 400 },
  'body-altered': { code: 'InvalidSignatureException', status: 400 },
  denied: { code: 'AccessDeniedException', status: 400 },
};

/** https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html */
const sts: Dialect = {
  incomplete: { code: 'IncompleteSignature', status: 400 },
  scope: { code: 'SignatureDoesNotMatch', status: 403 },
  stale: { code: 'SignatureDoesNotMatch', status: 403 },
  'unknown-key': { code: 'InvalidClientTokenId', status: 403 },
  'expired-token': { code: 'ExpiredToken', status: 403 },
  mismatch: { code: 'SignatureDoesNotMatch', status: 403 },
  'body-altered': { code: 'SignatureDoesNotMatch', status: 403 },
  denied: { code: 'AccessDenied', status: 403 },
};

/** https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
const s3: Dialect = {
  incomplete: { code: 'AuthorizationHeaderMalformed', status: 400 },
  scope: { code: 'AuthorizationHeaderMalformed', status: 400 },
  stale: { code: 'RequestTimeTooSkewed', status: 403 },
  'unknown-key': { code: 'InvalidAccessKeyId', status: 403 },
  'expired-token': { code: 'ExpiredToken', status: 400 },
  mismatch: { code: 'SignatureDoesNotMatch', status: 403 },
  'body-altered': { code: 'XAmzContentSHA256Mismatch', status: 400 },
  denied: { code: 'AccessDenied', status: 403 },
};

/** https://docs.aws.amazon.com/lambda/latest/api/CommonErrors.html */
const lambda: Dialect = {
  ...json,
  'unknown-key': { code: 'UnrecognizedClientException', status: 403 },
  'expired-token': { code: 'ExpiredTokenException', status: 403 },
  denied: { code: 'AccessDeniedException', status: 403 },
};

const dialects: Readonly<Record<string, Dialect>> = { sts, s3, lambda };

const mismatch =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.';

/** Refuses a signature in the service's own words. */
export function refuse(service: AwsService, refusal: Refusal): AwsResponse {
  const { code, status } = (dialects[service.name] ?? json)[refusal.why];
  return service.failure(code, messageOf(refusal), status);
}

function messageOf(refusal: Refusal): string {
  switch (refusal.why) {
    case 'incomplete':
    case 'scope':
    case 'stale':
      return refusal.detail;
    case 'unknown-key':
      return 'The security token included in the request is invalid.';
    case 'expired-token':
      return 'The security token included in the request is expired';
    case 'body-altered':
      return "The provided 'x-amz-content-sha256' header does not match what was computed.";
    case 'mismatch':
      return mismatch;
  }
}

/** Refuses an access, worded as https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html. */
export function deny(
  service: Pick<AwsService, 'name' | 'failure'>,
  principal: Principal,
  { action, resource }: Access,
  decision: 'ImplicitlyDenied' | 'ExplicitlyDenied',
): AwsResponse {
  const { code, status } = (dialects[service.name] ?? json).denied;
  const because =
    decision === 'ExplicitlyDenied'
      ? 'with an explicit deny'
      : `because no policy allows the ${action} action`;
  const who = `User: ${principal.arn} is not authorized to perform: ${action} on resource: ${resource}`;
  return service.failure(code, `${who} ${because}`, status);
}
