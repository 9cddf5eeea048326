import type { Statement } from './reasoned.ts';

type Conditions = NonNullable<Statement['conditions']>;

/**
 * Bounds an Allow on a table to partition keys of these forms. It holds for operations on items, for Query and for
 * PartiQL's INSERT, each statement of a batch by itself
 * (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html). Null: a condition
 * on all of no keys would hold
 * (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html).
 */
export function keysLike(...patterns: readonly string[]): Conditions {
  return bound('StringLike', patterns);
}

/** Bounds an Allow to partition keys of none of these forms. */
export function keysUnlike(...patterns: readonly string[]): Conditions {
  return bound('StringNotLike', patterns);
}

/** Makes a Deny hold wherever one of the partition keys is of one of these forms. */
export function anyKeyLike(...patterns: readonly string[]): Conditions {
  return { 'ForAnyValue:StringLike': { 'dynamodb:LeadingKeys': [...patterns] } };
}

function bound(operator: 'StringLike' | 'StringNotLike', patterns: readonly string[]): Conditions {
  return {
    [`ForAllValues:${operator}`]: { 'dynamodb:LeadingKeys': [...patterns] },
    Null: { 'dynamodb:LeadingKeys': 'false' },
  };
}
