import type { App } from 'aws-cdk-lib';
import { DataStack } from './data-stack.ts';
import { ServiceStack } from './service-stack.ts';
import { readSettings } from './stage.ts';

/**
 * Adds one stage's two stacks to an app whose context holds the settings.
 *
 * What must outlive every deployment stands apart from what may be thrown away and made again, so that no
 * change to a function can touch a table.
 */
export function addStacks(app: App): { app: App; data: DataStack; service: ServiceStack } {
  const settings = readSettings(app);
  const data = new DataStack(app, `SealtrailData-${settings.stage}`, { settings });
  const service = new ServiceStack(app, `SealtrailService-${settings.stage}`, { settings, data });
  return { app, data, service };
}
