/**
 * How many requests may be in flight: additive increase, multiplicative decrease, as TCP has it (RFC 5681,
 * section 3.1). A request that was taken whole adds its share of one, so that a full round adds one; a
 * throttled one halves, but once a round: what was sent before the last halving tells nothing new.
 */
export class Window {
  readonly #most: number;
  #size: number;
  #sent = 0;
  #halvedAt = 0;

  /** `most`: it begins there, and never exceeds it. */
  constructor(most: number) {
    this.#most = most;
    this.#size = most;
  }

  /** Whole requests, one at least. */
  get size(): number {
    return Math.floor(this.#size);
  }

  /** A request is sent: its number, to be given back with its outcome. */
  send(): number {
    this.#sent += 1;
    return this.#sent;
  }

  taken(): void {
    this.#size = Math.min(this.#most, this.#size + 1 / this.#size);
  }

  throttled(request: number): void {
    if (request <= this.#halvedAt) return;
    this.#halvedAt = this.#sent;
    this.#size = Math.max(1, this.#size / 2);
  }
}

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html, and CommonErrors. */
const throttles: ReadonlySet<string | undefined> = new Set([
  'KMSThrottlingException',
  'LimitExceededException',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
]);

export function isThrottle(name: string | undefined): boolean {
  return throttles.has(name);
}
