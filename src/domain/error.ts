/**
 * Every way that something can be wrong, declared once: `poison` never becomes right and is
 * quarantined or refused, `retry` may succeed later, `fatal` needs a person or another request.
 */
const kinds = {
  // A record on the stream (see FORMAT.md, "What is refused").
  'record-empty': 'poison',
  'record-too-large': 'poison',
  'record-malformed': 'poison',
  'header-invalid': 'poison',
  'encoding-invalid': 'poison',
  'version-unknown': 'poison',
  'manifest-invalid': 'poison',
  'signature-invalid': 'poison',
  'grant-unknown': 'poison',
  'grant-invalid': 'poison',
  'grant-revoked': 'poison',
  'grant-stopped': 'poison',
  'grant-expired': 'poison',
  'client-mismatch': 'poison',
  'length-mismatch': 'poison',
  'ratio-exceeded': 'poison',
  'compression-invalid': 'poison',
  'size-mismatch': 'poison',
  'root-mismatch': 'poison',
  'count-mismatch': 'poison',
  'lines-invalid': 'poison',
  'line-too-long': 'poison',
  'id-missing': 'poison',
  'range-mismatch': 'poison',
  'span-exceeded': 'poison',
  'clock-ahead': 'poison',
  'too-old': 'poison',
  'batch-mismatch': 'poison',
  // An event, where it is recorded.
  'event-invalid': 'fatal',
  'buffer-full': 'retry',
  closed: 'fatal',
  uncommitted: 'retry',
  'spool-failed': 'retry',
  'spool-locked': 'fatal',
  // The token service and the read API.
  'request-invalid': 'fatal',
  'request-too-large': 'fatal',
  unauthenticated: 'fatal',
  'proof-invalid': 'fatal',
  'key-invalid': 'fatal',
  forbidden: 'fatal',
  'not-found': 'fatal',
  'not-acceptable': 'fatal',
  'cursor-invalid': 'fatal',
  'cursor-expired': 'fatal',
  'quota-exceeded': 'retry',
  'integrity-broken': 'fatal',
  // What we depend on.
  throttled: 'retry',
  unavailable: 'retry',
  internal: 'fatal',
} as const;

export type ErrorCode = keyof typeof kinds;
/**
 * What becomes of an event that was taken, and whose `record` rejected: `withdrawn`, it will not be in the log;
 * `may-arrive`, it may be there, now or later.
 */
export type EventFate = 'withdrawn' | 'may-arrive';
export type ErrorKind = (typeof kinds)[ErrorCode];

/** The one error class. Callers branch on `code` (or its `kind`), never on the message. */
export class SealtrailError extends Error {
  override readonly name = 'SealtrailError';
  readonly code: ErrorCode;
  /** Only where an event was taken before it was rejected. */
  readonly fate: EventFate | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options?: { cause?: unknown; fate?: EventFate | undefined },
  ) {
    super(message, options);
    this.code = code;
    this.fate = options?.fate;
  }

  get kind(): ErrorKind {
    return kinds[this.code];
  }
}

/** The error's code when it is one of ours. */
export function codeOf(error: unknown): ErrorCode | undefined {
  return error instanceof SealtrailError ? error.code : undefined;
}
