import { z } from 'zod';

/** The function's environment, or an error that names every variable that is missing or wrong. */
export function parseEnv<T extends z.ZodType>(schema: T, env: NodeJS.ProcessEnv): z.infer<T> {
  const result = schema.safeParse(env);
  if (result.success) return result.data;
  throw new TypeError(
    `the function's environment is not as the stack sets it:\n${z.prettifyError(result.error)}`,
  );
}
