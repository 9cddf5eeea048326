import { z } from 'zod';
import { KinesisError } from './kinesis-error.ts';

/** Members that many inputs share. */
export const streamReference = {
  StreamName: z
    .string()
    .regex(
      /^[a-zA-Z0-9_.-]{1,128}$/,
      'Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+',
    )
    .optional(),
  StreamARN: z
    .string()
    .regex(
      /^arn:aws[\w-]*:kinesis:[\w-]*:\d{12}:stream\/\S+$/,
      'Member must be the ARN of a stream',
    )
    .optional(),
};
export const shardId = z.string().regex(/^[a-zA-Z0-9_.-]{1,128}$/, 'Member must be a shard ID');
export const sequenceNumber = z.string().regex(/^(0|[1-9]\d{0,128})$/, 'Member must be a number');
export const hashKey = z.string().regex(/^(0|[1-9]\d{0,38})$/, 'Member must be a hash key');
/** Epoch seconds on the wire, milliseconds here. */
export const timestamp = z.number().transform((seconds) => Math.round(seconds * 1000));

/** An input of the given shape; members that it does not name are ignored, as the service does. */
export function parseInput<Input>(schema: z.ZodType<Input>, raw: unknown): Input {
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  const mistyped = issues.find(
    (issue) => issue.code === 'invalid_type' && valueAt(raw, issue.path) !== undefined,
  );
  if (mistyped !== undefined) {
    const text = `${name(mistyped.path)}: ${mistyped.message}`;
    throw new KinesisError('SerializationException', text);
  }
  const texts = issues.map(
    (issue) => `Value at '${name(issue.path)}' failed to satisfy constraint: ${issue.message}`,
  );
  const detected = `${issues.length} validation error${issues.length === 1 ? '' : 's'} detected`;
  throw new KinesisError('ValidationException', `${detected}: ${texts.join('; ')}`);
}

const name = (path: readonly PropertyKey[]) => path.map(String).join('.');

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined,
    value,
  );
}
