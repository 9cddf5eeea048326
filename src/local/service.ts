/** What the parts of the local AWS agree on: who calls, what is asked, and how a service answers. */

/** An IAM policy document, as the template or a session policy holds it. */
export interface PolicyDocument {
  readonly Version?: string;
  readonly Statement: unknown;
}

/** A caller that the front door has authenticated. */
export interface Principal {
  /** Role ARN, or `arn:aws:sts::<account>:assumed-role/<role>/<session>`. */
  readonly arn: string;
  /** The role behind an assumed-role session. */
  readonly roleArn?: string;
  readonly identityPolicies: readonly { readonly name: string; readonly policy: PolicyDocument }[];
  readonly sessionPolicy?: PolicyDocument;
  /** Session tags: `aws:PrincipalTag/<key>`. */
  readonly tags: Readonly<Record<string, string>>;
}

/** A signed request, after its signature held. */
export interface AwsRequest {
  readonly operation: string;
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly principal: Principal;
}

/** One permission that a request needs. */
export interface Access {
  /** Such as `kinesis:PutRecords`. */
  readonly action: string;
  readonly resource: string;
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
  /** The policy attached to the resource itself, where it has one. */
  readonly resourcePolicy?: PolicyDocument;
}

export interface AwsResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Buffer | string;
}

/** A service behind the front door. */
export interface AwsService {
  /** Its name in a SigV4 credential scope: `kinesis`, `dynamodb`, `sts`, `kms`, `s3`, `sqs`, `lambda`. */
  readonly name: string;
  /** The operation that a request names, such as `PutRecords`. */
  operation(request: Omit<AwsRequest, 'operation' | 'principal'>): string;
  /** Everything that must be allowed before `handle` is called. */
  access(request: AwsRequest): readonly Access[];
  handle(request: AwsRequest): Promise<AwsResponse>;
  /** An error in this service's own wire format. */
  failure(code: string, message: string, status: number): AwsResponse;
  close(): Promise<void>;
}

/** Where everything local lives. */
export interface Place {
  readonly account: string;
  readonly region: string;
}
