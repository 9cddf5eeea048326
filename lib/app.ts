import { type App, Tags } from 'aws-cdk-lib';
import { DataStack } from './data-stack.ts';
import { ServiceStack } from './service-stack.ts';
import { readStage } from './stage.ts';

/**
 * Adds one stage's two stacks to an app whose context holds the settings.
 *
 * What must outlive every deployment stands apart from what may be thrown away and made again, so that no
 * change to a function can touch a table.
 */
export function addStacks(app: App): { app: App; data: DataStack; service: ServiceStack } {
  const stage = readStage(app);
  const props = { env: stage.env, analyticsReporting: false };
  const data = new DataStack(app, `SealtrailData-${stage.name}`, {
    ...props,
    settings: stage.store,
  });
  const service = new ServiceStack(app, `SealtrailService-${stage.name}`, {
    ...props,
    settings: stage.pipeline,
    store: data.store,
  });
  for (const [key, value] of Object.entries(stage.tags)) Tags.of(app).add(key, value);
  return { app, data, service };
}
