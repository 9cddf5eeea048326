import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { failure, type Input, type Key, operationsFor, type Spec } from './kms-operations.ts';
import type { AwsRequest, AwsService, Place, PolicyDocument } from './service.ts';

interface Kms extends AwsService {
  createKey(input: { spec: Spec; usage: string; policy: PolicyDocument }): {
    keyId: string;
    arn: string;
  };
  /** `name` begins with `alias/`. */
  createAlias(name: string, keyArn: string): void;
  policyOf(keyArn: string): PolicyDocument | undefined;
}

/** Condition keys by the parameter that fills them. */
const contextKeys = {
  SigningAlgorithm: 'kms:SigningAlgorithm',
  MacAlgorithm: 'kms:MacAlgorithm',
  MessageType: 'kms:MessageType',
} as const;

/** Ed25519 signing keys and HMAC keys, as https://docs.aws.amazon.com/kms/latest/APIReference/ has them. */
export function createKms(place: Place): Kms {
  const keys = new Map<string, Key>();
  const aliases = new Map<string, Key>();
  const prefix = `arn:aws:kms:${place.region}:${place.account}`;

  /** By key id, key ARN, alias name or alias ARN. */
  function find(input: Input): Key | undefined {
    const name = String(input['KeyId']);
    const local = name.startsWith(`${prefix}:`) ? name.slice(prefix.length + 1) : name;
    return aliases.get(local) ?? keys.get(local.replace(/^key\//, ''));
  }

  const operations = operationsFor(place);

  return {
    name: 'kms',
    createKey({ spec, usage, policy }) {
      const id = randomUUID();
      const key: Key = {
        id,
        arn: `${prefix}:key/${id}`,
        spec,
        usage,
        policy,
        created: Date.now(),
        material: materialFor(spec),
      };
      keys.set(id, key);
      return { keyId: id, arn: key.arn };
    },
    createAlias(name, keyArn) {
      const key = find({ KeyId: keyArn });
      if (key === undefined) throw new Error(`no key ${keyArn}`);
      aliases.set(name, key);
    },
    policyOf: (keyArn) => find({ KeyId: keyArn })?.policy,
    operation: ({ headers }) => headers['x-amz-target']?.split('.')[1] ?? 'Unknown',
    access(request) {
      const input = parse(request);
      const key = find(input);
      // A key that is not there is told so: within one account KMS answers NotFoundException.
      if (key === undefined || operations[request.operation] === undefined) return [];
      const context: Record<string, string> = {};
      for (const [parameter, name] of Object.entries(contextKeys)) {
        const value = input[parameter];
        if (typeof value === 'string') context[name] = value;
      }
      const named = String(input['KeyId']);
      if (named.includes('alias/'))
        context['kms:RequestAlias'] = named.slice(named.indexOf('alias/'));
      return [
        {
          action: `kms:${request.operation}`,
          resource: key.arn,
          context,
          resourcePolicy: key.policy,
        },
      ];
    },
    async handle(request) {
      const input = parse(request);
      const operation = operations[request.operation];
      if (operation === undefined) {
        return failure(
          'UnsupportedOperationException',
          `${request.operation} is not supported locally`,
          400,
        );
      }
      const key = find(input);
      if (key === undefined) {
        return failure('NotFoundException', `Key '${String(input['KeyId'])}' does not exist`, 400);
      }
      return operation(key, input);
    },
    failure,
    close: async () => {},
  };
}

function materialFor(spec: Spec): Key['material'] {
  if (spec === 'ECC_NIST_EDWARDS25519') return { kind: 'pair', ...generateKeyPairSync('ed25519') };
  return { kind: 'secret', secret: randomBytes(32) };
}

function parse({ body }: AwsRequest): Input {
  try {
    const input: unknown = JSON.parse(body.toString());
    return typeof input === 'object' && input !== null ? (input as Input) : {};
  } catch {
    return {};
  }
}
