import { Annotations, CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { AuditStore } from './audit-store.ts';
import type { StoreSettings } from './settings.ts';

export interface DataStackProps extends StackProps {
  readonly settings: StoreSettings;
}

/** What must outlive every deployment, in a stack that in prod cannot be deleted by mistake. */
export class DataStack extends Stack {
  readonly store: AuditStore;

  constructor(scope: Construct, id: string, { settings, ...props }: DataStackProps) {
    super(scope, id, props);
    // An id that leaves no trace in the logical ids below it.
    this.store = new AuditStore(this, 'Default', settings);
    const { prod } = this.store.settings;
    this.terminationProtection = prod;
    if (prod) {
      Annotations.of(this).addInfoV2(
        'sealtrail:break-glass',
        'Only the break-glass role can deploy changes of this stack: make it first, and give --role-arn (lib/README.md, Deploy)',
      );
    }
    for (const [name, value] of Object.entries(this.store.outputs)) {
      new CfnOutput(this, name, { value });
    }
  }
}
