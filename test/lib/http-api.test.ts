import { beforeAll, describe, expect, test } from 'vitest';
import type { Calls } from '../fake/recording-provider.ts';
import { assemble } from '../fixture/assemble.ts';
import { provisioned } from '../fixture/provisioned.ts';

const dev = assemble();

let calls: Calls;
beforeAll(async () => {
  calls = await provisioned(dev.assembly);
});

describe('the HTTP API', () => {
  test('has these routes, each to its function, which it alone may be invoked for', () => {
    const routes = calls.route.map(({ key, integrationId }) => {
      const { functionArn } = calls.integration[Number(integrationId.split('-')[1]) - 1] ?? {};
      return `${key} → ${functionArn?.split(':').at(-1)}`;
    });
    expect(routes.sort()).toEqual([
      'GET / → sealtrail-dev-read',
      'GET /.well-known/jwks.json → sealtrail-dev-token',
      'GET /v1/batches → sealtrail-dev-read',
      'GET /v1/events → sealtrail-dev-read',
      'GET /v1/events/{id} → sealtrail-dev-read',
      'GET /v1/events/{id}/proof → sealtrail-dev-read',
      'GET /v1/feed → sealtrail-dev-read',
      'GET /v1/grants/{id} → sealtrail-dev-token',
      'GET /v1/openapi.json → sealtrail-dev-read',
      'GET /v1/producers → sealtrail-dev-read',
      'GET /v1/quarantine → sealtrail-dev-read',
      'GET /v1/stats → sealtrail-dev-read',
      'POST /v1/commits → sealtrail-dev-token',
      'POST /v1/credentials → sealtrail-dev-token',
      'POST /v1/viewer-tokens → sealtrail-dev-read',
    ]);
    const permissions = calls.permission
      .filter(({ principal }) => principal === 'apigateway.amazonaws.com')
      .map(
        ({ functionName, principal, sourceArn }) =>
          `${principal} ${sourceArn?.split(':api/')[1]} → ${functionName}`,
      );
    expect(permissions.sort()).toEqual([
      'apigateway.amazonaws.com */*/ → sealtrail-dev-read',
      'apigateway.amazonaws.com */*/.well-known/jwks.json → sealtrail-dev-token',
      'apigateway.amazonaws.com */*/v1/batches → sealtrail-dev-read',
      'apigateway.amazonaws.com */*/v1/commits → sealtrail-dev-token',
      'apigateway.amazonaws.com */*/v1/credentials → sealtrail-dev-token',
      'apigateway.amazonaws.com */*/v1/events → sealtrail-dev-read',
      'apigateway.amazonaws.com */*/v1/events/{id} → sealtrail-dev-read',
      'apigateway.amazonaws.com */*/v1/events/{id}/proof → sealtrail-dev-read',
      'apigateway.amazonaws.com */*/v1/feed → sealtrail-dev-read',
      'apigateway.amazonaws.com */*/v1/grants/{id} → sealtrail-dev-token',
      'apigateway.amazonaws.com */*/v1/openapi.json → sealtrail-dev-read',
      'apigateway.amazonaws.com */*/v1/producers → sealtrail-dev-read',
      'apigateway.amazonaws.com */*/v1/quarantine → sealtrail-dev-read',
      'apigateway.amazonaws.com */*/v1/stats → sealtrail-dev-read',
      'apigateway.amazonaws.com */*/v1/viewer-tokens → sealtrail-dev-read',
    ]);
  });

  test('lets pages of these origins read, and no others; by default none', () => {
    const corsOf = (template: typeof dev.service) =>
      Object.values(template.findResources('AWS::ApiGatewayV2::Api'))[0]?.['Properties']
        .CorsConfiguration;
    expect(corsOf(dev.service)).toBeUndefined();
    const origins = 'https://app.example,http://localhost:3000';
    expect(corsOf(assemble({ viewerOrigins: origins }).service)).toEqual({
      AllowOrigins: origins.split(','),
      AllowMethods: ['GET'],
      AllowHeaders: ['accept', 'authorization', 'if-none-match'],
      ExposeHeaders: ['etag', 'link', 'sealtrail-order'],
      MaxAge: 3600,
    });
    for (const wrong of ['*', 'https://*.example', 'app.example', 'https://app.example/'])
      expect(() => assemble({ viewerOrigins: wrong })).toThrow('viewerOrigins');
  });

  test('is throttled, and logs no header, path or query', () => {
    const stages = Object.values(dev.service.findResources('AWS::ApiGatewayV2::Stage'));
    expect(stages).toHaveLength(1);
    const properties = stages[0]?.['Properties'];
    expect(properties).toMatchObject({
      StageName: '$default',
      AutoDeploy: true,
      DefaultRouteSettings: { ThrottlingRateLimit: 500, ThrottlingBurstLimit: 1000 },
    });
    const logged = Object.values(JSON.parse(properties.AccessLogSettings.Format));
    expect(logged).toContain('$context.routeKey');
    expect(logged.filter((each) => /path|query|authorizer|header/i.test(String(each)))).toEqual([]);
  });
});
