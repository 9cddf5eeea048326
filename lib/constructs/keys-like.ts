import type { Statement } from './reasoned.ts';

/**
 * Bounds a statement on a table to partition keys of these forms. It holds for Query, for GetItem and for PartiQL's INSERT
 * (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html). Null: a condition
 * on all of no keys would hold
 * (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html).
 */
export function keysLike(...patterns: readonly string[]): NonNullable<Statement['conditions']> {
  return {
    'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [...patterns] },
    Null: { 'dynamodb:LeadingKeys': 'false' },
  };
}
