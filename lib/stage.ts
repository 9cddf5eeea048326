import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { App } from 'aws-cdk-lib';
import { z } from 'zod';

const root = fileURLToPath(new URL('..', import.meta.url));

const arn = (service: string) =>
  z
    .string()
    .regex(
      new RegExp(`^arn:aws[a-z-]*:${service}:[a-z0-9-]*:\\d{12}:\\S+$`),
      `an ARN of ${service}`,
    );

/** `-c` gives strings only, so numbers are read from strings and lists are comma separated. */
const settingsSchema = z
  .strictObject({
    stage: z.enum(['dev', 'prod']).default('dev'),
    /**
     * The longest retention that a grant may carry, days. What is quarantined or waits to be redriven is kept
     * as long. Default: 7 years in prod, 30 days in dev.
     */
    longestRetentionDays: z.coerce.number().int().min(1).max(36_500).optional(),
    /**
     * The role that alone may change the `batches` table of prod, or its policy. It must be one that
     * CloudFormation can assume: the data stack of prod is deployed with `cdk deploy --role-arn <this role>`.
     */
    breakGlassRoleArn: arn('iam').optional(),
    /** Keys that grants were signed with before; they verify for ever. Comma separated ARNs, newest first. */
    retiredIssuerKeys: z
      .string()
      .transform((text) => text.split(',').filter((item) => item !== ''))
      .pipe(z.array(arn('kms')))
      .default([]),
    /** SNS topic that is told of every alarm. Default: alarms are only shown. */
    alarmTopicArn: arn('sns').optional(),
    /**
     * Where clients reach the API, `https://…`, if it is not the API's own host: behind a CDN or proxy, or under an API
     * mapping with a base path. Their DPoP proofs are for this URL. Default: the host that a request came in by.
     */
    publicUrl: z
      .url({ protocol: /^https$/ })
      .regex(/^[^?#@]*$/, 'no user, query or fragment')
      .optional(),
    /** Longest life of a grant and its credentials, seconds: role chaining ends at 3600. */
    sessionSeconds: z.coerce.number().int().min(900).max(3600).default(3600),
    /** Folder of the functions' bundles, one `<name>/index.js` each. Default: `dist/functions` of this package. */
    functions: z.string().min(1).default('dist/functions'),
  })
  .refine((settings) => settings.stage === 'dev' || settings.breakGlassRoleArn !== undefined, {
    path: ['breakGlassRoleArn'],
    error: 'prod needs it: without one, nobody could change or remove the table of batches',
  })
  .transform((settings) => {
    const prod = settings.stage === 'prod';
    return {
      ...settings,
      prod,
      functions: resolve(root, settings.functions),
      longestRetentionDays: settings.longestRetentionDays ?? (prod ? 7 * 365 : 30),
    };
  });

export type Settings = z.output<typeof settingsSchema>;

/**
 * The settings of the stage to synthesize, from the app's context.
 *
 * @throws when a setting is unknown or malformed. Keys with a colon are the CDK's own and are left to it.
 */
export function readSettings(app: App): Settings {
  const context = Object.entries(app.node.getAllContext()).filter(([key]) => !key.includes(':'));
  const parsed = settingsSchema.safeParse(Object.fromEntries(context));
  if (!parsed.success) throw new Error(`Settings (context): ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}
