import type * as http from 'aws-cdk-lib/aws-apigatewayv2';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type { AuditStore } from '../audit-store.ts';
import type { Settings } from '../settings.ts';

/** All that an operator keeps an eye on. */
export interface OperatedProps {
  readonly settings: Settings;
  readonly data: AuditStore;
  readonly token: lambda.Function;
  readonly consumer: lambda.Function;
  readonly auditor: lambda.Function;
  readonly read: lambda.Function;
  readonly api: http.HttpApi;
}
