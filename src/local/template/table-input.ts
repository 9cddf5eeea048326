import type { TableSpec } from './provider.ts';

/** A template's table as DynamoDB's CreateTable has it. */
export function tableInput({
  policy,
  ttlAttribute,
  GlobalSecondaryIndexes: indexes,
  ...table
}: TableSpec) {
  return {
    TableName: table.TableName,
    AttributeDefinitions: [...table.AttributeDefinitions],
    KeySchema: [...table.KeySchema],
    BillingMode: 'PAY_PER_REQUEST' as const,
    ...(indexes !== undefined && {
      GlobalSecondaryIndexes: indexes.map(({ IndexName, KeySchema, Projection }) => ({
        IndexName,
        KeySchema: [...KeySchema],
        Projection: {
          ProjectionType: Projection.ProjectionType,
          ...(Projection.NonKeyAttributes !== undefined && {
            NonKeyAttributes: [...Projection.NonKeyAttributes],
          }),
        },
      })),
    }),
    ...(ttlAttribute !== undefined && { ttlAttribute }),
    ...(policy !== undefined && { ResourcePolicy: JSON.stringify(policy) }),
  };
}
