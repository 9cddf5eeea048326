import { join } from 'node:path';
import { z } from 'zod';
import { ignored, type Maker, maker, physicalName } from './maker.ts';

/** `arn:aws:lambda:<region>:<account>:function:<name>`, or the name itself. */
const functionName = z.string().transform((text) => text.replace(/^arn:.*:function:/, ''));

const seconds = { minute: 60, hour: 3600, day: 86_400 } as const;

/** `rate(5 minutes)`, as seconds (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html). */
const rate = z
  .string()
  .regex(/^rate\([1-9]\d{0,5} (minute|hour|day)s?\)$/, 'a rate, such as rate(1 minute)')
  .transform((text) => {
    const [, count, unit] = /\((\d+) (minute|hour|day)/.exec(text) ?? [];
    return Number(count) * seconds[unit as keyof typeof seconds];
  });

const throttling = z
  .strictObject({ ThrottlingRateLimit: z.number(), ThrottlingBurstLimit: z.number() })
  .transform(({ ThrottlingRateLimit: rate, ThrottlingBurstLimit: burst }) => ({ rate, burst }));

export const compute: Readonly<Record<string, Maker>> = {
  'AWS::Lambda::Function': maker(
    z.strictObject({
      FunctionName: z.string().optional(),
      // The CDK's name for the asset: its folder in the assembly is `asset.<hash>`.
      Code: z.strictObject({
        S3Bucket: z.string(),
        S3Key: z.string().regex(/^[0-9a-f]{64}\.zip$/, 'the key of an asset'),
      }),
      Handler: z.string(),
      Runtime: z.string().regex(/^nodejs\d+\.x$/, 'a runtime of Node'),
      Environment: z.strictObject({ Variables: z.record(z.string(), z.string()) }).optional(),
      Timeout: z.number().default(3),
      MemorySize: z.number().default(128),
      ReservedConcurrentExecutions: z.number().int().min(0).optional(),
      Role: z.string(),
      Architectures: ignored,
      Description: ignored,
      LoggingConfig: ignored,
      Tags: ignored,
    }),
    (properties, at, provider) =>
      provider.function({
        name: properties.FunctionName ?? physicalName(at, 64),
        assetDir: join(at.assembly, `asset.${properties.Code.S3Key.replace(/\.zip$/, '')}`),
        handler: properties.Handler,
        environment: properties.Environment?.Variables ?? {},
        timeoutSeconds: properties.Timeout,
        memoryMb: properties.MemorySize,
        ...(properties.ReservedConcurrentExecutions !== undefined && {
          reservedConcurrency: properties.ReservedConcurrentExecutions,
        }),
        roleArn: properties.Role,
      }),
  ),
  // Defaults: https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-parameters.html
  'AWS::Lambda::EventSourceMapping': maker(
    z.strictObject({
      FunctionName: functionName,
      EventSourceArn: z.string().regex(/:kinesis:/, 'a stream of Kinesis'),
      StartingPosition: z.enum(['TRIM_HORIZON', 'LATEST']),
      BatchSize: z.number().default(100),
      MaximumBatchingWindowInSeconds: z.number().default(0),
      ParallelizationFactor: z.number().default(1),
      MaximumRetryAttempts: z.number().default(-1),
      MaximumRecordAgeInSeconds: z.number().default(-1),
      BisectBatchOnFunctionError: z.boolean().default(false),
      FunctionResponseTypes: z.array(z.literal('ReportBatchItemFailures')).default([]),
      DestinationConfig: z
        .strictObject({
          OnFailure: z.strictObject({
            Destination: z.string().regex(/^arn:aws:s3:::[^/]+$/, 'a bucket'),
          }),
        })
        .optional(),
      Tags: ignored,
    }),
    (properties, _at, provider) => {
      const bucket = properties.DestinationConfig?.OnFailure.Destination.replace(
        'arn:aws:s3:::',
        '',
      );
      return provider.eventSourceMapping({
        functionName: properties.FunctionName,
        streamArn: properties.EventSourceArn,
        batchSize: properties.BatchSize,
        batchWindowSeconds: properties.MaximumBatchingWindowInSeconds,
        parallelizationFactor: properties.ParallelizationFactor,
        startingPosition: properties.StartingPosition,
        maximumRetryAttempts: properties.MaximumRetryAttempts,
        maximumRecordAgeSeconds: properties.MaximumRecordAgeInSeconds,
        bisectBatchOnFunctionError: properties.BisectBatchOnFunctionError,
        reportBatchItemFailures: properties.FunctionResponseTypes.length > 0,
        ...(bucket !== undefined && { destinationBucket: bucket }),
      });
    },
  ),
  'AWS::Lambda::Permission': maker(
    z.strictObject({
      FunctionName: functionName,
      Action: z.string(),
      Principal: z.string(),
      SourceArn: z.string().exactOptional(),
    }),
    ({ FunctionName, Action, Principal, SourceArn }, _at, provider) =>
      provider.permission({
        functionName: FunctionName,
        action: Action,
        principal: Principal,
        ...(SourceArn !== undefined && { sourceArn: SourceArn }),
      }),
  ),
  'AWS::Events::Rule': maker(
    z.strictObject({
      Name: z.string().optional(),
      ScheduleExpression: rate,
      State: z.literal('ENABLED').optional(),
      Targets: z.array(z.strictObject({ Arn: functionName, Id: z.string(), RetryPolicy: ignored })),
      Description: ignored,
      Tags: ignored,
    }),
    ({ Name, ScheduleExpression, Targets }, at, provider) =>
      provider.rule({
        name: Name ?? physicalName(at, 64),
        everySeconds: ScheduleExpression,
        functionNames: Targets.map(({ Arn }) => Arn),
      }),
  ),
  'AWS::ApiGatewayV2::Api': maker(
    z.strictObject({
      Name: z.string(),
      ProtocolType: z.literal('HTTP'),
      CorsConfiguration: z
        .strictObject({
          AllowOrigins: z.array(z.string()),
          AllowMethods: z.array(z.string()),
          AllowHeaders: z.array(z.string()),
          ExposeHeaders: z.array(z.string()),
          MaxAge: z.number(),
        })
        .optional(),
      Description: ignored,
      Tags: ignored,
    }),
    ({ Name, CorsConfiguration: cors }, _at, provider) =>
      provider.httpApi({
        name: Name,
        ...(cors !== undefined && {
          cors: {
            allowOrigins: cors.AllowOrigins,
            allowMethods: cors.AllowMethods,
            allowHeaders: cors.AllowHeaders,
            exposeHeaders: cors.ExposeHeaders,
            maxAge: cors.MaxAge,
          },
        }),
      }),
  ),
  'AWS::ApiGatewayV2::Stage': maker(
    z.strictObject({
      ApiId: z.string(),
      // Any other is a prefix of every path.
      StageName: z.literal('$default'),
      // Without it the routes wait for a deployment, which the local API does not know.
      AutoDeploy: z.literal(true),
      AccessLogSettings: ignored,
      // Of each route by itself. Both or none.
      DefaultRouteSettings: throttling.optional(),
      // By route key, instead of the default.
      RouteSettings: z.record(z.string(), throttling).optional(),
      Tags: ignored,
    }),
    (
      { ApiId, StageName, DefaultRouteSettings: throttle, RouteSettings: throttles },
      _at,
      provider,
    ) =>
      provider.httpStage({
        apiId: ApiId,
        name: StageName,
        ...(throttle !== undefined && { throttle }),
        ...(throttles !== undefined && { throttles }),
      }),
  ),
  'AWS::ApiGatewayV2::Integration': maker(
    z.strictObject({
      ApiId: z.string(),
      IntegrationType: z.literal('AWS_PROXY'),
      IntegrationUri: z.string(),
      PayloadFormatVersion: z.literal('2.0'),
    }),
    ({ ApiId, IntegrationUri }, _at, provider) =>
      provider.integration({ apiId: ApiId, functionArn: IntegrationUri }),
  ),
  'AWS::ApiGatewayV2::Route': maker(
    z.strictObject({
      ApiId: z.string(),
      RouteKey: z.string(),
      Target: z.string().regex(/^integrations\//),
      AuthorizationType: z.literal('NONE').optional(),
    }),
    ({ ApiId, RouteKey, Target }, _at, provider) =>
      provider.route({
        apiId: ApiId,
        key: RouteKey,
        integrationId: Target.replace('integrations/', ''),
      }),
  ),
};
