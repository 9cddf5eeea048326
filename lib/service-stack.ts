import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import { HttpMethod } from 'aws-cdk-lib/aws-apigatewayv2';
import type { Construct } from 'constructs';
import { Alarms } from './constructs/alarms.ts';
import { Auditor } from './constructs/auditor.ts';
import { Consumer } from './constructs/consumer.ts';
import { Dashboard } from './constructs/dashboard.ts';
import { HttpApi } from './constructs/http-api.ts';
import { issuerName } from './constructs/issuer.ts';
import { ReadApi } from './constructs/read-api.ts';
import { TokenService } from './constructs/token-service.ts';
import type { DataStack } from './data-stack.ts';
import type { Settings } from './stage.ts';

export interface ServiceStackProps extends StackProps {
  readonly settings: Settings;
  readonly data: DataStack;
}

/** What holds no state: functions, their roles, the API and the alarms. */
export class ServiceStack extends Stack {
  constructor(scope: Construct, id: string, props: ServiceStackProps) {
    const { settings, data, ...rest } = props;
    super(scope, id, { ...rest, analyticsReporting: false });
    const token = new TokenService(this, 'TokenService', { settings, data }).function;
    const consumer = new Consumer(this, 'Consumer', { settings, data }).function;
    const read = new ReadApi(this, 'ReadApi', { settings, data }).function;
    const auditor = new Auditor(this, 'Auditor', { settings, data }).function;
    const { api } = new HttpApi(this, 'HttpApi', {
      settings,
      routes: [
        { method: HttpMethod.POST, path: '/v1/credentials', handler: token },
        { method: HttpMethod.POST, path: '/v1/commits', handler: token },
        { method: HttpMethod.GET, path: '/.well-known/jwks.json', handler: token },
        { method: HttpMethod.GET, path: '/v1/events', handler: read },
        { method: HttpMethod.GET, path: '/v1/events/{id}', handler: read },
        { method: HttpMethod.GET, path: '/v1/feed', handler: read },
        { method: HttpMethod.GET, path: '/v1/producers', handler: read },
      ],
    });
    const operated = { settings, data, token, consumer, auditor, read, api };
    new Alarms(this, 'Alarms', operated);
    new Dashboard(this, 'Dashboard', operated);
    new CfnOutput(this, 'ApiUrl', { value: api.apiEndpoint });
    new CfnOutput(this, 'ConsumerFunction', { value: consumer.functionName });
    new CfnOutput(this, 'Issuer', { value: issuerName({ settings, data }).ISSUER });
  }
}
