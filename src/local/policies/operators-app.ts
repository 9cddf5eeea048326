import { App, Stack } from 'aws-cdk-lib';
import { AccountRootPrincipal, Role } from 'aws-cdk-lib/aws-iam';
import { addStacks } from '../../../lib/app.ts';
import { AuditPipeline } from '../../../lib/audit-pipeline.ts';
import { operatorsStack } from './operators-assembly.ts';

// The app, with one role more for each method of the pipeline that gives operators rights: of the method's name, in a
// stack of their own. A method that is added is found by its name.
const app = new App({ analyticsReporting: false });
const { service } = addStacks(app);
const { pipeline } = service;
const operators = new Stack(app, `${operatorsStack}-${pipeline.store.settings.stage}`, {
  env: { account: service.account, region: service.region },
  analyticsReporting: false,
});
for (const name of Object.getOwnPropertyNames(AuditPipeline.prototype)) {
  const method: unknown = Reflect.get(pipeline, name);
  if (!name.startsWith('grant') || typeof method !== 'function') continue;
  method.call(pipeline, new Role(operators, name, { assumedBy: new AccountRootPrincipal() }));
}
app.synth();
