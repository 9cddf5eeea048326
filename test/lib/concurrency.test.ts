import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import { AuditPipeline } from '../../lib/audit-pipeline.ts';
import { longestReadSeconds } from '../../lib/constructs/read-throttles.ts';
import { assemble, prodContext } from '../fixture/assemble.ts';
import { stubFunctions } from '../fixture/stub-functions.ts';

type Assembled = ReturnType<typeof assemble>;
interface RouteSetting {
  readonly ThrottlingRateLimit: number;
  readonly ThrottlingBurstLimit: number;
}

function routeSettings({ service }: Assembled): Record<string, RouteSetting> {
  const [stage] = Object.values(service.findResources('AWS::ApiGatewayV2::Stage'));
  return stage?.['Properties'].RouteSettings;
}

function functionNamed({ service }: Assembled, name: string) {
  return Object.values(service.findResources('AWS::Lambda::Function')).find(
    ({ Properties }) => Properties.FunctionName === `sealtrail-dev-${name}`,
  )?.['Properties'];
}

const pages = ['GET /', 'GET /v1/openapi.json'];
/** How many are under way at worst: what came at once, and what came since the oldest of them began. */
const atOnce = (settings: Record<string, RouteSetting>) =>
  Object.entries(settings).reduce((sum, [key, { ThrottlingRateLimit, ThrottlingBurstLimit }]) => {
    const seconds = pages.includes(key) ? 1 : longestReadSeconds;
    return sum + ThrottlingBurstLimit + ThrottlingRateLimit * seconds;
  }, 0);

describe('the throttle of reads', () => {
  const dev = assemble();

  test('leaves half of the account’s concurrency if every read takes as long as it may', () => {
    for (const [accountConcurrency, reservedConcurrency, half] of [
      ['1000', '{}', 500],
      ['1000', '{"token":100,"consumer":300}', 300],
      ['5000', '{}', 2500],
    ] as const) {
      const worst = atOnce(routeSettings(assemble({ accountConcurrency, reservedConcurrency })));
      expect(worst).toBeLessThanOrEqual(half);
      // And not much less: or nothing could be read.
      expect(worst).toBeGreaterThan(half * 0.75);
    }
  });

  test('is of every route that reaches the read function, and of no other', () => {
    const routes = Object.values(dev.service.findResources('AWS::ApiGatewayV2::Route')).filter(
      ({ Properties }) => !/credentials|commits|grants|jwks/.test(Properties.RouteKey),
    );
    const keys = routes.map(({ Properties }) => Properties.RouteKey);
    expect(Object.keys(routeSettings(dev)).sort()).toEqual(keys.sort());
    expect(keys.length).toBeGreaterThan(8);
  });

  test('is set once its routes are there: a setting of none fails the deployment', () => {
    const [stage] = Object.values(dev.service.findResources('AWS::ApiGatewayV2::Stage'));
    const routes = Object.keys(dev.service.findResources('AWS::ApiGatewayV2::Route'));
    expect(stage?.['DependsOn'].toSorted()).toEqual(routes.toSorted());
  });

  test('is what is asked for, in parts; and that of other routes where reads are held by Lambda', () => {
    expect(routeSettings(assemble({ readsPerSecond: '100' }))['GET /v1/events']).toEqual({
      ThrottlingRateLimit: 40,
      ThrottlingBurstLimit: 80,
    });
    const held = routeSettings(assemble({ reservedConcurrency: '{"read":200}' }));
    for (const setting of Object.values(held))
      expect(setting).toEqual({ ThrottlingRateLimit: 500, ThrottlingBurstLimit: 1000 });
  });

  test('lets something through to each route of the smallest account', () => {
    for (const each of Object.values(routeSettings(assemble({ accountConcurrency: '10' }))))
      expect(each.ThrottlingRateLimit).toBeGreaterThanOrEqual(1);
  });

  test('reckons with the time-out of the function', () => {
    expect(functionNamed(dev, 'read').Timeout).toBe(longestReadSeconds);
  });
});

describe('reserved concurrency', () => {
  test('is of the functions that it names; by default of none', () => {
    const some = assemble({ reservedConcurrency: '{"token":50,"consumer":100,"read":200}' });
    const of = (assembled: Assembled) =>
      ['token', 'consumer', 'read', 'auditor'].map(
        (name) => functionNamed(assembled, name).ReservedConcurrentExecutions,
      );
    expect(of(some)).toEqual([50, 100, 200, undefined]);
    expect(of(assemble())).toEqual([undefined, undefined, undefined, undefined]);
  });

  test.each(['{"token":0}', '{"auditor":1}', '{"token":400,"consumer":400,"read":101}', 'all'])(
    '%s is refused',
    (reservedConcurrency) => {
      expect(() => assemble({ reservedConcurrency })).toThrow(/reservedConcurrency/);
    },
  );

  test('of none at all prod warns, and dev does not', () => {
    const warned = (context: Record<string, string>) => {
      const { stage = 'dev', ...settings } = context;
      const functions = mkdtempSync(join(tmpdir(), 'sealtrail-functions-'));
      stubFunctions(functions);
      const stack = new Stack(new App(), 'Stack');
      const reservedConcurrency = JSON.parse(settings['reservedConcurrency'] ?? '{}');
      new AuditPipeline(stack, 'Audit', { functions, reservedConcurrency, store: { stage } });
      return Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('reserved'))
        .length;
    };
    expect(warned({ stage: prodContext.stage })).toBe(1);
    expect(warned({ stage: 'prod', reservedConcurrency: '{"token":50}' })).toBe(0);
    expect(warned({})).toBe(0);
  });
});
