import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { AuditPipeline } from './audit-pipeline.ts';
import type { AuditStore } from './audit-store.ts';
import type { PipelineSettings } from './settings.ts';

export interface ServiceStackProps extends StackProps {
  readonly settings: PipelineSettings;
  readonly store: AuditStore;
}

/** What holds no state, and may be thrown away and made again. */
export class ServiceStack extends Stack {
  readonly pipeline: AuditPipeline;

  constructor(scope: Construct, id: string, { settings, store, ...props }: ServiceStackProps) {
    super(scope, id, props);
    this.pipeline = new AuditPipeline(this, 'Default', { ...settings, store });
    for (const [name, value] of Object.entries(this.pipeline.outputs)) {
      new CfnOutput(this, name, { value });
    }
  }
}
