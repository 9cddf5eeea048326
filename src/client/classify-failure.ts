/**
 * What a failed PutRecords asks for: `retry` later; `renew` the credentials; `denied` by a policy, which
 * new credentials may cure once; `refused` for a reason that only a person can remove.
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html and CommonErrors.html
 */
export type Failure = 'retry' | 'renew' | 'denied' | 'refused';

const byName: Readonly<Record<string, Failure>> = {
  ExpiredToken: 'renew',
  ExpiredTokenException: 'renew',
  IncompleteSignature: 'renew',
  InvalidClientTokenId: 'renew',
  InvalidSignatureException: 'renew',
  MissingAuthenticationToken: 'renew',
  RequestExpired: 'renew',
  SignatureDoesNotMatch: 'renew',
  UnrecognizedClientException: 'renew',
  AccessDenied: 'denied',
  AccessDeniedException: 'denied',
  KMSAccessDeniedException: 'denied',
  NotAuthorized: 'denied',
  InvalidArgumentException: 'refused',
  KMSDisabledException: 'refused',
  KMSInvalidStateException: 'refused',
  KMSNotFoundException: 'refused',
  KMSOptInRequired: 'refused',
  OptInRequired: 'refused',
  ResourceNotFoundException: 'refused',
  ValidationException: 'refused',
};

/** Throttles, 5xx, cut connections and whatever is not known here: `retry`. */
export function classifyFailure(error: unknown): Failure {
  const name = error instanceof Error ? error.name : '';
  return (Object.hasOwn(byName, name) ? byName[name] : undefined) ?? 'retry';
}
