import type { AwsRequest, AwsResponse } from './service.ts';

/** What goes wrong with a request that a rule matches. */
export type Fault =
  | {
      readonly kind: 'error';
      readonly code: string;
      readonly status: number;
      readonly message?: string;
    }
  /** The connection is cut before the request is handled. */
  | { readonly kind: 'cut' }
  /** The request is handled; then the connection is cut instead of answered. */
  | { readonly kind: 'cut-after' }
  /** The request waits, and is then handled. */
  | { readonly kind: 'delay'; readonly until: Promise<void> }
  /** The request is stopped here and answered; what of it `pass` is given is handled as if it alone had come. */
  | {
      readonly kind: 'stand-in';
      readonly answer: (
        request: AwsRequest,
        pass: (request: AwsRequest) => Promise<AwsResponse>,
      ) => Promise<AwsResponse>;
    }
  /** The request is handled; then this is answered. */
  | {
      readonly kind: 'rewrite';
      readonly response: (answer: AwsResponse, request: AwsRequest) => AwsResponse;
    };

interface Rule {
  readonly service: string;
  /** @default every operation */
  readonly operation?: string;
  /** Matched against the caller's ARN. @default everybody */
  readonly principal?: RegExp;
  /** How many requests it strikes. @default all, until it is removed */
  readonly times?: number;
  readonly fault: Fault;
}

interface Call {
  readonly service: string;
  readonly operation: string;
  /** The caller's ARN. */
  readonly principal: string;
}

/** Where tests break the local AWS: between the signature check and the permissions. */
export interface Faults {
  /** Adds a rule; the answer removes it. Of several that match, the one added first strikes. */
  add(rule: Rule): () => void;
  /** Removes every rule; `seen` stays. */
  clear(): void;
  /** Requests so far, struck or not, by `service:Operation`. */
  readonly seen: Map<string, number>;
  /** Counts a request, and takes the fault that strikes it. */
  strike(call: Call): Fault | undefined;
}

export function createFaults(): Faults {
  let rules: { readonly rule: Rule; left: number }[] = [];
  const seen = new Map<string, number>();

  return {
    seen,
    add(rule) {
      const entry = { rule, left: rule.times ?? Number.POSITIVE_INFINITY };
      rules.push(entry);
      return () => {
        rules = rules.filter((each) => each !== entry);
      };
    },
    clear() {
      rules = [];
    },
    strike(call) {
      const name = `${call.service}:${call.operation}`;
      seen.set(name, (seen.get(name) ?? 0) + 1);
      const entry = rules.find(({ rule, left }) => left > 0 && matches(rule, call));
      if (entry !== undefined) entry.left -= 1;
      return entry?.rule.fault;
    },
  };
}

function matches({ service, operation, principal }: Rule, call: Call): boolean {
  return (
    service === call.service &&
    (operation === undefined || operation === call.operation) &&
    // `search` and not `test`: a pattern with the g flag remembers where it was.
    (principal === undefined || call.principal.search(principal) >= 0)
  );
}
