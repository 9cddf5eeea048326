import type { Cors } from '../http-api/cors.ts';
import type { PolicyDocument } from '../service.ts';

/** A resource that exists: what `Ref` and `Fn::GetAtt` give of it. */
export interface Made {
  readonly ref: string;
  readonly attributes: Readonly<Record<string, string>>;
}

interface NamedPolicy {
  readonly name: string;
  readonly policy: PolicyDocument;
}

export interface RoleSpec {
  readonly name: string;
  readonly trust: PolicyDocument;
  readonly policies: readonly NamedPolicy[];
  readonly maxSessionSeconds: number;
}

/** A policy in roles that exist already. */
export interface PolicySpec extends NamedPolicy {
  readonly roles: readonly string[];
}

interface KeySpec {
  readonly spec: 'ECC_NIST_EDWARDS25519' | 'HMAC_256' | 'SYMMETRIC_DEFAULT';
  readonly usage: string;
  readonly policy: PolicyDocument;
}

interface StreamSpec {
  readonly name: string;
  readonly mode: 'ON_DEMAND' | 'PROVISIONED';
  readonly shards?: number;
  readonly retentionHours: number;
  /** ARN of the key of one's own that encrypts it. */
  readonly keyArn?: string;
}

interface KeySchema {
  readonly AttributeName: string;
  readonly KeyType: 'HASH' | 'RANGE';
}

/** Named as in DynamoDB's CreateTable, which it becomes. */
export interface TableSpec {
  readonly TableName: string;
  readonly AttributeDefinitions: readonly {
    readonly AttributeName: string;
    readonly AttributeType: 'S' | 'N' | 'B';
  }[];
  readonly KeySchema: readonly KeySchema[];
  readonly GlobalSecondaryIndexes?: readonly {
    readonly IndexName: string;
    readonly KeySchema: readonly KeySchema[];
    readonly Projection: {
      readonly ProjectionType: 'ALL' | 'KEYS_ONLY' | 'INCLUDE';
      readonly NonKeyAttributes?: readonly string[];
    };
  }[];
  readonly ttlAttribute?: string;
  readonly policy?: PolicyDocument;
}

interface QueueSpec {
  readonly name: string;
  /** As CreateQueue takes them: names and texts. */
  readonly attributes: Readonly<Record<string, string>>;
}

interface BucketSpec {
  readonly name: string;
  readonly notifications: readonly {
    readonly queueArn: string;
    readonly events: readonly string[];
  }[];
}

export interface FunctionSpec {
  readonly name: string;
  /** Folder of its code, in the cloud assembly. */
  readonly assetDir: string;
  readonly handler: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
  /** Invocations at once; more are refused. */
  readonly reservedConcurrency?: number;
  readonly roleArn: string;
}

export interface MappingSpec {
  readonly functionName: string;
  readonly streamArn: string;
  readonly batchSize: number;
  readonly batchWindowSeconds: number;
  readonly parallelizationFactor: number;
  readonly startingPosition: 'TRIM_HORIZON' | 'LATEST';
  /** −1: without end. */
  readonly maximumRetryAttempts: number;
  /** −1: without end. */
  readonly maximumRecordAgeSeconds: number;
  readonly bisectBatchOnFunctionError: boolean;
  readonly reportBatchItemFailures: boolean;
  readonly destinationBucket?: string;
}

/** Leave for a service to invoke a function on behalf of a resource. */
export interface PermissionSpec {
  readonly functionName: string;
  readonly principal: string;
  readonly action: string;
  /** A pattern, with `*` and `?`. */
  readonly sourceArn?: string;
}

interface RuleSpec {
  readonly name: string;
  readonly everySeconds: number;
  readonly functionNames: readonly string[];
}

interface RouteSpec {
  readonly apiId: string;
  /** Such as `GET /v1/events/{id}`. */
  readonly key: string;
  readonly integrationId: string;
}

/**
 * Where a template's resources are made. A call may rely on all that its resource depends on being made before
 * it. A call for a name that there is changes what bears it; what has no name is made anew, and the one before is
 * removed. Of what holds data, only that is changed in place which `plan.ts` lets pass.
 */
export interface Provider {
  /** Takes away what is no longer declared. @param ref as it was made with */
  remove(type: string, ref: string): Promise<void>;
  role(spec: RoleSpec): Promise<Made>;
  policy(spec: PolicySpec): Promise<Made>;
  key(spec: KeySpec): Promise<Made>;
  stream(spec: StreamSpec): Promise<Made>;
  table(spec: TableSpec): Promise<Made>;
  queue(spec: QueueSpec): Promise<Made>;
  queuePolicy(spec: { queueUrls: readonly string[]; policy: PolicyDocument }): Promise<Made>;
  bucket(spec: BucketSpec): Promise<Made>;
  bucketPolicy(spec: { bucket: string; policy: PolicyDocument }): Promise<Made>;
  function(spec: FunctionSpec): Promise<Made>;
  eventSourceMapping(spec: MappingSpec): Promise<Made>;
  permission(spec: PermissionSpec): Promise<Made>;
  rule(spec: RuleSpec): Promise<Made>;
  httpApi(spec: { name: string; cors?: Cors }): Promise<Made>;
  httpStage(spec: {
    apiId: string;
    name: string;
    throttle?: { rate: number; burst: number };
    /** Of routes that have a throttle of their own, by their keys. */
    throttles?: Readonly<Record<string, { rate: number; burst: number }>>;
  }): Promise<Made>;
  integration(spec: { apiId: string; functionArn: string }): Promise<Made>;
  route(spec: RouteSpec): Promise<Made>;
}
