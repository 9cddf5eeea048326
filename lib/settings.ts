import { fileURLToPath } from 'node:url';
import { Aws } from 'aws-cdk-lib';
import { z } from 'zod';
import { oidcIssuers } from '../src/lambda/env.ts';
import type { OidcIssuer } from './oidc-issuer.ts';

/** What holds the data of one deployment. */
export interface StoreSettings {
  /**
   * Name of the deployment: part of the issuer's name `sealtrail/<stage>`, of functions and of alarms, so that two
   * may stand in one account and region. 1 to 16 of `a-z 0-9 -`.
   *
   * @default 'dev'
   */
  readonly stage?: string;
  /**
   * Whether what is stored must outlive its stack: tables cannot be deleted, only the break-glass role may change
   * what is stored, and quarantined records are locked.
   *
   * @default true unless the stage is `dev`
   */
  readonly prod?: boolean;
  /**
   * The role that alone may change the table of batches and the buckets of prod, or their policies. It must be one
   * that CloudFormation can assume: the stack of the store is deployed with `cdk deploy --role-arn <this role>`.
   *
   * @default none in dev; in prod the role `sealtrail-break-glass` of the account, which must be made by hand
   */
  readonly breakGlassRoleArn?: string;
  /**
   * What becomes of the data when its stack is deleted.
   *
   * @default 'retain' in prod, which allows nothing else, and 'destroy' otherwise
   */
  readonly removalPolicy?: 'retain' | 'destroy';
  /**
   * The longest retention that a grant may carry, days. What is quarantined or waits to be redriven is kept as long.
   *
   * @default 2555 (7 years) in prod, 30 otherwise
   */
  readonly longestRetentionDays?: number;
  /**
   * How long the stream keeps a record, days, 1 to 365: the time there is to mend a consumer that is down.
   *
   * @default 7
   */
  readonly streamRetentionDays?: number;
  /**
   * Shards of the stream, each of which takes 1 MiB and 1,000 records a second.
   *
   * @default on demand: as many as are needed, for some 40% more a gigabyte and $29 a month
   */
  readonly shards?: number;
  /**
   * Whose key encrypts the stream: `own` makes a KMS key in the stack, which costs $1 a month and a call of KMS
   * for each data key, and can be disabled.
   *
   * @default 'aws' (`alias/aws/kinesis`)
   */
  readonly streamKey?: 'aws' | 'own';
  /**
   * How many keys there are to sign grants with. To rotate, make one more and go on signing with the one before
   * (`signWith`); once that is deployed everywhere, sign with the new one. Keys are never taken away: what they
   * signed must verify for ever.
   *
   * @default 1
   */
  readonly signingKeys?: number;
  /**
   * Which of them signs, from 1.
   *
   * @default the newest
   */
  readonly signWith?: number;
  /**
   * When each key, from the first, began to sign: RFC 3339, UTC, the time at which you deploy that. Published with
   * the keys, so that whoever verifies sees what a key signed after its time.
   *
   * @default not told
   */
  readonly signingSince?: readonly string[];
}

/** What vends credentials, stores, and reads. */
export interface PipelineSettings {
  /**
   * ARNs of keys elsewhere that grants were signed with before, by another store; they verify for ever. Newest first.
   *
   * @default none
   */
  readonly retiredIssuerKeys?: readonly string[];
  /**
   * Longest life of a grant and its credentials, seconds, 900 to 3600: role chaining ends there.
   *
   * @default 3600
   */
  readonly sessionSeconds?: number;
  /**
   * What may be sent under one grant, which lives `sessionSeconds` at most: bytes of records, and faults (lines that
   * are no events, records that can never be accepted). A grant far over it is stopped, counted and alarmed
   * (`GrantsStopped`): from then on what comes under it is quarantined. Only what its own key sealed counts, and once.
   *
   * @default 20 GiB and 10,000 faults; of one that is given alone, the other stays
   */
  readonly grantQuota?: { readonly bytes?: number; readonly faults?: number };
  /**
   * OpenID Connect issuers whose tokens are as good as API keys, 2 KiB as JSON altogether.
   *
   * @default none
   */
  readonly oidc?: readonly OidcIssuer[];
  /**
   * Where clients reach the API, `https://…`, if it is not the API's own host: behind a CDN or proxy, or under an API
   * mapping with a base path. Their DPoP proofs are for this URL.
   *
   * @default the host that a request came in by
   */
  readonly publicUrl?: string;
  /**
   * Requests a second that API Gateway lets through to each route; the rest is answered 429 and starts no function.
   *
   * @default 500
   */
  readonly requestsPerSecond?: number;
  /**
   * Requests that may come at once to each route, above the rate.
   *
   * @default twice `requestsPerSecond`
   */
  readonly requestBurst?: number;
  /**
   * Whether a read that cannot be recorded in the tenant's log is refused (503). Otherwise it is answered, counted and
   * alarmed (`ReadsUnrecorded`).
   *
   * @default false: an auditor must be able to read while the stream is down
   */
  readonly readsMustBeRecorded?: boolean;
  /**
   * Origins whose pages may read with a viewer token, such as `https://app.example`: exactly these.
   *
   * @default none
   */
  readonly viewerOrigins?: readonly string[];
  /**
   * SNS topic that is told of every alarm.
   *
   * @default alarms are only shown
   */
  readonly alarmTopicArn?: string;
  /**
   * Folder of the functions' bundles, one `<name>/index.js` each.
   *
   * @default those that come with the package
   */
  readonly functions?: string;
}

const arn = (service: string) =>
  z
    .string()
    .regex(
      new RegExp(`^arn:aws[a-z-]*:${service}:[a-z0-9-]*:\\d{12}:\\S+$`),
      `an ARN of ${service}`,
    );

/** Numbers may be text, which is all that `cdk -c` can give. */
const whole = (least: number, most: number) => z.coerce.number().int().min(least).max(most);

export const storeFields = {
  stage: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,15}$/, '1 to 16 of a-z 0-9 -, the first a letter')
    .default('dev'),
  prod: z.boolean().optional(),
  breakGlassRoleArn: arn('iam').optional(),
  removalPolicy: z.enum(['retain', 'destroy']).optional(),
  longestRetentionDays: whole(1, 36_500).optional(),
  streamRetentionDays: whole(1, 365).default(7),
  shards: whole(1, 10_000).optional(),
  streamKey: z.enum(['aws', 'own']).default('aws'),
  signingKeys: whole(1, 99).default(1),
  signWith: whole(1, 99).optional(),
  signingSince: z
    .array(z.iso.datetime({ error: 'a time as 2026-01-31T12:00:00Z' }))
    .refine(
      (times) =>
        times.every((time, i) => i === 0 || Date.parse(time) > Date.parse(times[i - 1] ?? '')),
      'the first key first, each later than the one before',
    )
    .default([]),
};

export const pipelineFields = {
  retiredIssuerKeys: z.array(arn('kms')).default([]),
  oidc: oidcIssuers.default([]),
  sessionSeconds: whole(900, 3600).default(3600),
  grantQuota: z
    .strictObject({
      bytes: whole(1, 1e15 - 1).default(20 * 1024 ** 3),
      faults: whole(1, 1e15 - 1).default(10_000),
    })
    .prefault({}),
  publicUrl: z
    .url({ protocol: /^https$/ })
    .regex(/^[^?#@]*$/, 'no user, query or fragment')
    .optional(),
  requestsPerSecond: whole(1, 10_000).default(500),
  requestBurst: whole(1, 5000).optional(),
  readsMustBeRecorded: z.boolean().default(false),
  viewerOrigins: z
    .array(z.string().regex(/^https?:\/\/[a-z0-9.-]+(:\d{1,5})?$/, 'an origin: scheme, host, port'))
    .default([]),
  alarmTopicArn: arn('sns').optional(),
  functions: z.string().min(1).default(shippedFunctions),
};

const ownBreakGlassRole = `arn:${Aws.PARTITION}:iam::${Aws.ACCOUNT_ID}:role/sealtrail-break-glass`;

const storeSchema = z
  .strictObject(storeFields)
  .transform((given) => ({ ...given, prod: given.prod ?? given.stage !== 'dev' }))
  .refine(({ prod, removalPolicy }) => !prod || removalPolicy !== 'destroy', {
    path: ['removalPolicy'],
    error: 'prod retains: its tables are protected, so their stack could not destroy them',
  })
  .refine(({ signingKeys, signWith = 1 }) => signWith <= signingKeys, {
    path: ['signWith'],
    error: 'there is no such key: signingKeys says how many there are',
  })
  .refine(
    ({ signingKeys, signWith, signingSince }) => signingSince.length <= (signWith ?? signingKeys),
    {
      path: ['signingSince'],
      error: 'no more times than keys that have begun to sign: up to signWith',
    },
  )
  .transform((given) => ({
    ...given,
    // Without one, nobody could ever change or remove the table of batches.
    breakGlassRoleArn: given.breakGlassRoleArn ?? (given.prod ? ownBreakGlassRole : undefined),
    signWith: given.signWith ?? given.signingKeys,
    removalPolicy: given.removalPolicy ?? (given.prod ? 'retain' : 'destroy'),
    longestRetentionDays: given.longestRetentionDays ?? (given.prod ? 7 * 365 : 30),
  }));

const pipelineSchema = z.strictObject(pipelineFields).transform((given) => ({
  ...given,
  requestBurst: given.requestBurst ?? Math.min(2 * given.requestsPerSecond, 5000),
}));

export type CheckedStoreSettings = z.output<typeof storeSchema>;

/** All that the parts of the pipeline are told. */
export type Settings = CheckedStoreSettings & z.output<typeof pipelineSchema>;

/** @throws naming each setting that is unknown, malformed, missing, or contradicts another */
export function checkStore(settings: StoreSettings): CheckedStoreSettings {
  return check(storeSchema, settings);
}

/** @throws as {@link checkStore} does */
export function checkPipeline(settings: PipelineSettings): z.output<typeof pipelineSchema> {
  return check(pipelineSchema, settings);
}

export function check<Output>(schema: z.ZodType<Output>, settings: unknown): Output {
  const parsed = schema.safeParse(settings);
  if (!parsed.success) throw new Error(`Settings: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/** As built, this file lies in `dist/cdk/lib` and the bundles in `dist/functions`. */
function shippedFunctions(): string {
  const built = import.meta.url.endsWith('.js');
  return fileURLToPath(new URL(built ? '../../functions' : '../dist/functions', import.meta.url));
}
