import { z } from 'zod';
import { SealtrailError } from '../domain/error.ts';
import { parseJson } from '../domain/json.ts';

/** A byte order mark is kept, and then is no JSON. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * A request's body, of exactly this form; an empty one is `{}`. Throws `request-too-large` over `maxBytes`,
 * else `request-invalid`.
 */
export function parseBody<T extends z.ZodType>(
  schema: T,
  body: Buffer,
  maxBytes: number,
): z.infer<T> {
  if (body.length > maxBytes)
    throw new SealtrailError(
      'request-too-large',
      `the body has ${body.length} bytes; at most ${maxBytes}`,
    );
  const json = parseJson(body.length === 0 ? '{}' : decode(body));
  if (!json.ok) throw invalid(`the body is not JSON that all understand alike: ${json.fault}`);
  const result = schema.safeParse(json.value);
  if (!result.success) throw invalid(z.prettifyError(result.error));
  return result.data;
}

function decode(body: Buffer): string {
  try {
    return decoder.decode(body);
  } catch (cause) {
    throw new SealtrailError('request-invalid', 'the body is not UTF-8', { cause });
  }
}

function invalid(message: string): SealtrailError {
  return new SealtrailError('request-invalid', message);
}
