import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { App, Environment } from 'aws-cdk-lib';
import { z } from 'zod';
import {
  check,
  type PipelineSettings,
  pipelineFields,
  type StoreSettings,
  storeFields,
} from './settings.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

const list = z.string().transform((text) => text.split(',').filter((item) => item !== ''));

/** `-c` gives strings only, so lists are comma separated; issuers, quotas and reserved concurrency are JSON (in cdk.json they may stand as they are). */
const contextSchema = z.strictObject({
  ...z.object(storeFields).omit({ prod: true }).partial().shape,
  ...z.object(pipelineFields).partial().shape,
  stage: z.enum(['dev', 'prod']).default('dev'),
  retiredIssuerKeys: list.optional(),
  signingSince: list.optional(),
  oidc: z.preprocess(fromJson, pipelineFields.oidc.optional()),
  grantQuota: z.preprocess(fromJson, pipelineFields.grantQuota.optional()),
  readQuota: z.preprocess(fromJson, pipelineFields.readQuota.optional()),
  reservedConcurrency: z.preprocess(fromJson, pipelineFields.reservedConcurrency.optional()),
  viewerOrigins: list.optional(),
  readsMustBeRecorded: z.stringbool().optional(),
  functions: z
    .string()
    .transform((folder) => resolve(root, folder))
    .optional(),
  account: z
    .string()
    .regex(/^\d{12}$/, 'twelve digits')
    .optional(),
  region: z
    .string()
    .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'a region')
    .optional(),
  /** Tags of every resource: `team=audit,cost=42`. */
  tags: list
    .pipe(z.array(z.string().regex(/^[^=]{1,128}=.{0,256}$/, 'key=value')))
    .transform((pairs) => Object.fromEntries(pairs.map(splitPair)))
    .default({}),
});

/** One stage of the app. */
export interface Stage {
  readonly name: string;
  readonly store: StoreSettings;
  readonly pipeline: PipelineSettings;
  /** @default that of the credentials which deploy */
  readonly env: Environment;
  readonly tags: Readonly<Record<string, string>>;
}

/**
 * The stage to synthesize, from the app's context.
 *
 * @throws when a setting is unknown or malformed. Keys with a colon are the CDK's own and are left to it.
 */
export function readStage(app: App): Stage {
  const context = Object.entries(app.node.getAllContext()).filter(([key]) => !key.includes(':'));
  const { account, region, tags, ...settings } = check(contextSchema, Object.fromEntries(context));
  return {
    name: settings.stage,
    store: pick(settings, Object.keys(storeFields)),
    pipeline: pick(settings, Object.keys(pipelineFields)),
    env: pick({ account, region }, ['account', 'region']),
    tags,
  };
}

/** Some of an object's members: those that are set. */
function pick(from: Readonly<Record<string, unknown>>, names: readonly string[]): object {
  return Object.fromEntries(
    names.filter((name) => from[name] !== undefined).map((name) => [name, from[name]]),
  );
}

function fromJson(given: unknown): unknown {
  if (typeof given !== 'string') return given;
  try {
    return JSON.parse(given);
  } catch {
    return given; // and then it is refused as text
  }
}

function splitPair(text: string): [string, string] {
  const at = text.indexOf('=');
  return [text.slice(0, at), text.slice(at + 1)];
}
