import { hash } from 'node:crypto';

/** Both ends included, as API_HashKeyRange.html has it. */
export interface HashKeyRange {
  readonly start: bigint;
  readonly end: bigint;
}

const beyond = 2n ** 128n;

/**
 * The hash key of a partition key: its MD5, as 32 hexadecimal digits. Of one length, they compare as text
 * like the numbers they are; so no record costs a big integer.
 * https://docs.aws.amazon.com/streams/latest/dev/key-concepts.html#partition-key
 */
export function hashKeyOf(partitionKey: string): string {
  return hash('md5', partitionKey, 'hex');
}

export function hashKeyText(key: bigint): string {
  return key.toString(16).padStart(32, '0');
}

/** @returns undefined beyond 2^128 − 1. `text` must be decimal digits. */
export function parseHashKey(text: string): bigint | undefined {
  const key = BigInt(text);
  return key < beyond ? key : undefined;
}

/** All hash keys in `count` ranges of one size; the last takes what is left over. */
export function evenRanges(count: number): HashKeyRange[] {
  const size = beyond / BigInt(count);
  return Array.from({ length: count }, (_, index) => ({
    start: size * BigInt(index),
    end: index === count - 1 ? beyond - 1n : size * BigInt(index + 1) - 1n,
  }));
}
