import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { Failure } from './failure.ts';

/** By stack, then by output. */
const fileSchema = z.record(z.string(), z.record(z.string(), z.string()));

const outputsSchema = z.object({
  StreamName: z.string().min(1),
  RegistryTable: z.string().min(1),
  GrantsTable: z.string().min(1),
  ProducersTable: z.string().min(1),
  QuarantineBucket: z.string().min(1),
  RedriveBucket: z.string().min(1),
  DeadLetterQueueUrl: z.url(),
  SigningKeyArn: z.string().regex(/^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/\S+$/),
  ConsumerFunction: z.string().min(1),
  Issuer: z.string().min(1),
});

/** Where a deployment is, as its stacks say. */
export type Outputs = z.infer<typeof outputsSchema>;

/** Reads the file of `cdk deploy --all --outputs-file FILE`. Throws a Failure that says what to do. */
export async function readOutputs(file: string): Promise<Outputs> {
  const stacks = fileSchema.safeParse(parse(await read(file), file));
  if (!stacks.success) throw new Failure(`${file} is not a file of \`cdk deploy --outputs-file\``);
  const found: Record<string, string> = {};
  for (const [stack, outputs] of Object.entries(stacks.data)) {
    for (const [name, value] of Object.entries(outputs)) {
      if (!(name in outputsSchema.shape)) continue;
      if (name in found && found[name] !== value)
        throw new Failure(`${file} holds more than one deployment: ${stack} gives ${name} again`);
      found[name] = value;
    }
  }
  const parsed = outputsSchema.safeParse(found);
  if (parsed.success) return parsed.data;
  const missing = parsed.error.issues.map(({ path }) => path.join('.')).join(', ');
  throw new Failure(
    `${file} lacks ${missing}: write it again with \`cdk deploy --all --outputs-file ${file}\``,
  );
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new Failure(
      `${file} cannot be read: write it with \`cdk deploy --all --outputs-file ${file}\`, or name another with --outputs`,
      { cause },
    );
  }
}

function parse(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Failure(`${file} is not JSON`, { cause });
  }
}
