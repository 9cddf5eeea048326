import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as apigateway from 'aws-cdk-lib/aws-apigateway';
import * as http from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { Settings } from '../settings.ts';
import type { Throttle } from './read-throttles.ts';
import { acknowledge } from './reasoned.ts';

/** A path, its method, and who answers. */
interface Route {
  readonly method: http.HttpMethod;
  readonly path: string;
  readonly handler: lambda.Function;
}

export interface HttpApiProps {
  readonly settings: Settings;
  readonly routes: readonly Route[];
  /** By route (`GET /v1/events`), what is let through to it; to all others what the settings say. */
  readonly throttles: Readonly<Record<string, Throttle>>;
}

/** The one HTTP API, with exactly the routes that are given: everything else is a 404 that costs no function. */
export class HttpApi extends Construct {
  readonly api: http.HttpApi;

  constructor(scope: Construct, id: string, props: HttpApiProps) {
    super(scope, id);
    const { settings } = props;
    this.api = new http.HttpApi(this, 'Api', {
      apiName: `sealtrail-${settings.stage}`,
      createDefaultStage: false,
      // Answered by API Gateway itself, which also adds the headers to answers
      // (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html).
      ...(settings.viewerOrigins.length > 0 && {
        corsPreflight: {
          allowOrigins: [...settings.viewerOrigins],
          allowMethods: [http.CorsHttpMethod.GET],
          allowHeaders: ['accept', 'authorization', 'if-none-match'],
          exposeHeaders: ['etag', 'link', 'sealtrail-order'],
          maxAge: Duration.hours(1),
        },
      }),
    });
    const log = new logs.LogGroup(this, 'Log', {
      // The prefix keeps API Gateway from adding to the account's log policy, whose size is bounded
      // (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html).
      logGroupName: `/aws/vendedlogs/sealtrail-${settings.stage}-api`,
      retention: settings.prod ? logs.RetentionDays.THREE_MONTHS : logs.RetentionDays.ONE_WEEK,
      removalPolicy: settings.prod ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    const stage = new http.HttpStage(this, 'DefaultStage', {
      httpApi: this.api,
      stageName: '$default',
      autoDeploy: true,
      // Of each route by itself, so that a flood of reads takes nothing from who asks for credentials
      // (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html). A client asks for
      // credentials twice an hour: the default is what some 100,000 of them do at once after an outage, spread by
      // their backoff, and it bounds what a flood can cost.
      throttle: { rateLimit: settings.requestsPerSecond, burstLimit: settings.requestBurst },
      accessLogSettings: {
        destination: new http.LogGroupLogDestination(log),
        // The route, never the path or the query: filters name people. No header: they hold the secrets.
        format: apigateway.AccessLogFormat.custom(
          JSON.stringify({
            time: '$context.requestTimeEpoch',
            requestId: '$context.requestId',
            route: '$context.routeKey',
            status: '$context.status',
            ms: '$context.responseLatency',
            bytes: '$context.responseLength',
            ip: '$context.identity.sourceIp',
            error: '$context.integrationErrorMessage',
          }),
        ),
      },
    });
    acknowledge(
      this.api,
      'AwsSolutions-APIG4',
      'The functions authenticate: an authorizer would be one more function and could not check a proof',
    );
    const made: http.CfnRoute[] = [];
    const integrations = new Map<lambda.Function, HttpLambdaIntegration>();
    for (const { method, path, handler } of props.routes) {
      const integration =
        integrations.get(handler) ??
        new HttpLambdaIntegration(handler.node.scope?.node.id ?? handler.node.id, handler);
      integrations.set(handler, integration);
      for (const route of this.api.addRoutes({ path, methods: [method], integration }))
        made.push(route.node.defaultChild as http.CfnRoute);
    }
    throttle(stage.node.defaultChild as http.CfnStage, made, props.throttles);
  }
}

/** A setting of a route that is not made yet fails the deployment, so the stage waits for its routes. */
function throttle(
  stage: http.CfnStage,
  routes: readonly http.CfnRoute[],
  throttles: Readonly<Record<string, Throttle>>,
): void {
  const known = new Set(routes.map(({ routeKey }) => routeKey));
  const unknown = Object.keys(throttles).filter((key) => !known.has(key));
  if (unknown.length > 0) throw new Error(`a throttle of no route: ${unknown.join(', ')}`);
  // Each a `RouteSettings`
  // (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-apigatewayv2-stage.html).
  stage.routeSettings = Object.fromEntries(
    Object.entries(throttles).map(([key, { rate, burst }]) => [
      key,
      { ThrottlingRateLimit: rate, ThrottlingBurstLimit: burst },
    ]),
  );
  for (const route of routes) stage.addResourceDependency(route);
}
