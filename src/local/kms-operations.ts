import { createHmac, type KeyObject, sign, timingSafeEqual } from 'node:crypto';
import type { AwsResponse, Place, PolicyDocument } from './service.ts';

export type Spec = 'ECC_NIST_EDWARDS25519' | 'HMAC_256' | 'SYMMETRIC_DEFAULT';

export interface Key {
  readonly id: string;
  readonly arn: string;
  readonly spec: Spec;
  readonly usage: string;
  readonly policy: PolicyDocument;
  readonly created: number;
  readonly material:
    | { readonly kind: 'pair'; readonly privateKey: KeyObject; readonly publicKey: KeyObject }
    | { readonly kind: 'secret'; readonly secret: Buffer };
}

export type Input = Readonly<Record<string, unknown>>;

/** Largest message of Sign, GenerateMac and VerifyMac, bytes. */
const messageLimit = 4096;

const headers = { 'content-type': 'application/x-amz-json-1.1' };

const badMessage = failure(
  'ValidationException',
  `1 validation error detected: Value at 'message' failed to satisfy constraint: Member must have length less than or equal to ${messageLimit} and greater than or equal to 1`,
  400,
);

type Operation = (key: Key, input: Input) => AwsResponse;

/** What may be asked of a key, by name. */
export function operationsFor(place: Place): Readonly<Record<string, Operation>> {
  return {
    Sign: signMessage,
    GetPublicKey: publicKey,
    GenerateMac: generateMac,
    VerifyMac: verifyMac,
    DescribeKey: (key) => ok({ KeyMetadata: metadata(key, place) }),
  };
}

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html */
function signMessage(key: Key, input: Input): AwsResponse {
  const { material } = key;
  if (material.kind !== 'pair' || key.usage !== 'SIGN_VERIFY') return wrongUsage(key, 'Sign');
  const algorithm = input['SigningAlgorithm'];
  if (algorithm !== 'ED25519_SHA_512') {
    // Ed25519ph is a choice of the same key, but node:crypto has no prehash.
    if (algorithm === 'ED25519_PH_SHA_512') {
      return failure('UnsupportedOperationException', `${algorithm} is not supported locally`, 400);
    }
    return failure(
      'ValidationException',
      `Algorithm ${String(algorithm)} is incompatible with key spec ${key.spec}.`,
      400,
    );
  }
  if ((input['MessageType'] ?? 'RAW') !== 'RAW') {
    return failure('ValidationException', `${algorithm} requires MessageType RAW.`, 400);
  }
  const message = messageOf(input);
  if (message === undefined) return badMessage;
  return ok({
    KeyId: key.arn,
    Signature: sign(null, message, material.privateKey).toString('base64'),
    SigningAlgorithm: algorithm,
  });
}

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_GetPublicKey.html: DER, SubjectPublicKeyInfo. */
function publicKey(key: Key): AwsResponse {
  const { material } = key;
  if (material.kind !== 'pair') {
    return failure('UnsupportedOperationException', `${key.arn} is not an asymmetric key.`, 400);
  }
  return ok({
    KeyId: key.arn,
    PublicKey: material.publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
    KeySpec: key.spec,
    CustomerMasterKeySpec: key.spec,
    KeyUsage: key.usage,
    SigningAlgorithms: signingAlgorithms,
  });
}

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateMac.html */
function generateMac(key: Key, input: Input): AwsResponse {
  const mac = computeMac(key, input, 'GenerateMac');
  if (!Buffer.isBuffer(mac)) return mac;
  return ok({ KeyId: key.arn, Mac: mac.toString('base64'), MacAlgorithm: 'HMAC_SHA_256' });
}

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_VerifyMac.html */
function verifyMac(key: Key, input: Input): AwsResponse {
  const mac = computeMac(key, input, 'VerifyMac');
  if (!Buffer.isBuffer(mac)) return mac;
  const given = Buffer.from(String(input['Mac'] ?? ''), 'base64');
  if (given.length !== mac.length || !timingSafeEqual(given, mac)) {
    return failure('KMSInvalidMacException', '', 400);
  }
  return ok({ KeyId: key.arn, MacValid: true, MacAlgorithm: 'HMAC_SHA_256' });
}

function computeMac(key: Key, input: Input, operation: string): Buffer | AwsResponse {
  const { material } = key;
  if (material.kind !== 'secret' || key.usage !== 'GENERATE_VERIFY_MAC')
    return wrongUsage(key, operation);
  const algorithm = input['MacAlgorithm'];
  if (algorithm !== 'HMAC_SHA_256') {
    const message = `Algorithm ${String(algorithm)} is incompatible with key spec ${key.spec}.`;
    return failure('InvalidKeyUsageException', message, 400);
  }
  const message = messageOf(input);
  return message === undefined
    ? badMessage
    : createHmac('sha256', material.secret).update(message).digest();
}

const signingAlgorithms = ['ED25519_SHA_512', 'ED25519_PH_SHA_512'];

function metadata(key: Key, place: Place): Record<string, unknown> {
  return {
    AWSAccountId: place.account,
    KeyId: key.id,
    Arn: key.arn,
    CreationDate: key.created / 1000,
    Enabled: true,
    Description: '',
    KeyUsage: key.usage,
    KeyState: 'Enabled',
    Origin: 'AWS_KMS',
    KeyManager: 'CUSTOMER',
    KeySpec: key.spec,
    CustomerMasterKeySpec: key.spec,
    MultiRegion: false,
    ...(key.usage === 'SIGN_VERIFY' && { SigningAlgorithms: signingAlgorithms }),
    ...(key.usage === 'GENERATE_VERIFY_MAC' && { MacAlgorithms: ['HMAC_SHA_256'] }),
  };
}

function messageOf(input: Input): Buffer | undefined {
  const message = Buffer.from(String(input['Message'] ?? ''), 'base64');
  return message.length >= 1 && message.length <= messageLimit ? message : undefined;
}

function wrongUsage(key: Key, operation: string): AwsResponse {
  return failure(
    'InvalidKeyUsageException',
    `${key.arn} key usage is ${key.usage} which is not valid for ${operation}.`,
    400,
  );
}

function ok(body: object): AwsResponse {
  return { status: 200, headers, body: JSON.stringify(body) };
}

export function failure(code: string, message: string, status: number): AwsResponse {
  return { status, headers, body: JSON.stringify({ __type: code, message }) };
}
