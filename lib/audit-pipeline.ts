import { Stack } from 'aws-cdk-lib';
import { HttpMethod } from 'aws-cdk-lib/aws-apigatewayv2';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { AuditStore, type AuditStoreProps } from './audit-store.ts';
import { Alarms } from './constructs/alarms.ts';
import { Auditor } from './constructs/auditor.ts';
import { Consumer } from './constructs/consumer.ts';
import { Dashboard } from './constructs/dashboard.ts';
import { HttpApi } from './constructs/http-api.ts';
import { issuerName } from './constructs/issuer.ts';
import { administration, redriving } from './constructs/operator-statements.ts';
import { ReadApi } from './constructs/read-api.ts';
import { reasoned, type Statement } from './constructs/reasoned.ts';
import { TokenService } from './constructs/token-service.ts';
import { checkPipeline, type PipelineSettings } from './settings.ts';

export interface AuditPipelineProps extends PipelineSettings {
  /**
   * What holds the data: an `AuditStore`, best in a stack of its own, or the settings of one to make here.
   *
   * @default one is made here, of the stage `dev`, which goes with its stack
   */
  readonly store?: AuditStore | AuditStoreProps;
}

/**
 * Audit logs in an app of your own: the token service, the consumer, the auditor and the read API, with their alarms and
 * a dashboard, over a store.
 * The functions come bundled; no bundler is needed.
 *
 * @example
 * const store = new AuditStore(dataStack, 'Store', { stage: 'prod', breakGlassRoleArn });
 * const audit = new AuditPipeline(serviceStack, 'Audit', { store, alarmTopicArn: topic.topicArn });
 * audit.grantAdministration(operators);
 *
 * @throws when its settings are malformed or contradict each other, naming them
 */
export class AuditPipeline extends Construct {
  readonly store: AuditStore;
  /** Vends grants and credentials. */
  readonly token: lambda.Function;
  /** Verifies and stores what comes out of the stream. */
  readonly consumer: lambda.Function;
  /** What tenants, operators and auditors read through. */
  readonly read: lambda.Function;
  /** Looks every minute for what is missing. */
  readonly auditor: lambda.Function;
  /** The one address that clients and readers need, without a slash at its end. */
  readonly url: string;
  readonly #issuer: string;

  constructor(scope: Construct, id: string, props: AuditPipelineProps = {}) {
    super(scope, id);
    const { store: given, ...own } = props;
    const checked = checkPipeline(own);
    const data = given instanceof AuditStore ? given : new AuditStore(this, 'Store', given);
    const settings = { ...data.settings, ...checked };
    this.store = data;
    this.token = new TokenService(this, 'TokenService', { settings, data }).function;
    this.consumer = new Consumer(this, 'Consumer', { settings, data }).function;
    this.read = new ReadApi(this, 'ReadApi', {
      settings,
      data,
      token: this.token,
    }).function;
    this.auditor = new Auditor(this, 'Auditor', { settings, data }).function;
    const { token, consumer, read, auditor } = this;
    const { api } = new HttpApi(this, 'HttpApi', {
      settings,
      routes: [
        { method: HttpMethod.POST, path: '/v1/credentials', handler: token },
        { method: HttpMethod.POST, path: '/v1/commits', handler: token },
        { method: HttpMethod.GET, path: '/v1/grants/{id}', handler: token },
        { method: HttpMethod.GET, path: '/.well-known/jwks.json', handler: token },
        { method: HttpMethod.GET, path: '/', handler: read },
        { method: HttpMethod.GET, path: '/v1/events', handler: read },
        { method: HttpMethod.GET, path: '/v1/events/{id}', handler: read },
        { method: HttpMethod.GET, path: '/v1/events/{id}/proof', handler: read },
        { method: HttpMethod.GET, path: '/v1/batches', handler: read },
        { method: HttpMethod.GET, path: '/v1/stats', handler: read },
        { method: HttpMethod.GET, path: '/v1/feed', handler: read },
        { method: HttpMethod.GET, path: '/v1/producers', handler: read },
        { method: HttpMethod.GET, path: '/v1/quarantine', handler: read },
        { method: HttpMethod.POST, path: '/v1/viewer-tokens', handler: read },
        { method: HttpMethod.GET, path: '/v1/openapi.json', handler: read },
      ],
    });
    this.url = api.apiEndpoint;
    this.#issuer = issuerName({ settings, data }).ISSUER;
    const operated = { settings, data, token, consumer, auditor, read, api };
    new Alarms(this, 'Alarms', operated);
    new Dashboard(this, 'Dashboard', operated);
  }

  /** What a client or a tool needs to know of it, for the outputs of its stack. */
  get outputs(): Readonly<Record<string, string>> {
    return {
      ApiUrl: this.url,
      Region: Stack.of(this).region,
      Stage: this.store.settings.stage,
      ConsumerFunction: this.consumer.functionName,
      Issuer: this.#issuer,
    };
  }

  /**
   * Lets somebody manage tenants, API keys and grants with the `sealtrail` tool: read and write the registry, read
   * grants and revoke them, and sign the audit events which say so. Not change or delete a grant or a batch.
   */
  grantAdministration(grantee: iam.IGrantable): void {
    this.#grant(grantee, administration(this.store));
  }

  /**
   * Lets somebody work on dead letters: list and read both buckets, hand records to the consumer again, put a
   * delete marker on what is done, and empty the queue. Not remove a version: a locked record stays.
   */
  grantRedrive(grantee: iam.IGrantable): void {
    this.#grant(grantee, redriving(this.store, this.consumer));
  }

  #grant(grantee: iam.IGrantable, statements: readonly Statement[]): void {
    const holder = Construct.isConstruct(grantee) ? grantee : this;
    for (const each of statements) {
      const statement = new iam.PolicyStatement(reasoned(holder, each));
      grantee.grantPrincipal.addToPrincipalPolicy(statement);
    }
  }
}
