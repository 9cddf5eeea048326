import { AwsSolutionsChecks } from 'cdk-nag';
import type { IConstruct } from 'constructs';

/**
 * What AWS's own rules for solutions (cdk-nag) find in an app, warnings too, a line a finding. What has been
 * acknowledged, with its reason, in the constructs is left out.
 */
export function nag(app: IConstruct): string[] {
  // As `Validations.of(app).addPlugins` would at synthesis, but told apart by line and without ending the process.
  const { violations } = new AwsSolutionsChecks(app).validateScope(app);
  return violations.flatMap(({ ruleName, description, violatingResources }) =>
    violatingResources.map(({ constructPath }) => `${ruleName} ${constructPath}: ${description}`),
  );
}
