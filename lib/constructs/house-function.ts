import { join } from 'node:path';
import { type Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { Settings } from '../settings.ts';
import { reasoned, type Statement } from './reasoned.ts';

export interface HouseFunctionProps<Environment extends object> {
  readonly settings: Settings;
  /** Its bundle's folder, and the end of its physical name. */
  readonly name: 'token' | 'consumer' | 'read' | 'auditor';
  readonly description: string;
  readonly memorySize: number;
  readonly timeout: Duration;
  /** Invocations at once that are kept for it, and that it is held to. @default it shares the account's */
  readonly reservedConcurrency?: number | undefined;
  /** Checked against the schema that its handler parses it with. */
  readonly environment: Environment;
  /** All that it may do, but writing its own log. Written by hand: the `grant*` methods give more. */
  readonly statements: readonly Statement[];
}

/** A function as all of ours are: prebuilt bundle, own role with just its statements, own log with an end. */
export class HouseFunction<Environment extends object> extends Construct {
  readonly function: lambda.Function;
  readonly role: iam.Role;

  constructor(scope: Construct, id: string, props: HouseFunctionProps<Environment>) {
    super(scope, id);
    const { settings } = props;
    const functionName = `sealtrail-${settings.stage}-${props.name}`;
    // The physical name is ours because Lambda's default group would never expire.
    const logGroup = new logs.LogGroup(this, 'Log', {
      logGroupName: `/aws/lambda/${functionName}`,
      retention: settings.prod ? logs.RetentionDays.THREE_MONTHS : logs.RetentionDays.ONE_WEEK,
      removalPolicy: settings.prod ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    this.role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      description: `Of the function ${functionName}`,
    });
    this.role.addToPolicy(
      new iam.PolicyStatement({
        sid: 'Log',
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [logGroup.logGroupArn],
      }),
    );
    for (const statement of props.statements) {
      this.role.addToPolicy(new iam.PolicyStatement(reasoned(this.role, statement)));
    }
    this.function = new lambda.Function(this, 'Function', {
      functionName,
      description: props.description,
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      code: lambda.Code.fromAsset(join(settings.functions, props.name)),
      handler: 'index.handler',
      memorySize: props.memorySize,
      timeout: props.timeout,
      ...(props.reservedConcurrency !== undefined && {
        reservedConcurrentExecutions: props.reservedConcurrency,
      }),
      environment: present(props.environment),
      role: this.role,
      logGroup,
    });
  }
}

function present(environment: object): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined));
}
