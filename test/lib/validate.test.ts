import { join } from 'node:path';
import { CelEngine, TemplateFile } from '@aws/cloudformation-validate';
import { afterAll, expect, test } from 'vitest';
import { assemble, prodContext } from '../fixture/assemble.ts';

const engine = new CelEngine();
afterAll(() => engine.free());

/** Rules that are left out, and why. */
const settled = {
  // The CDK makes a function depend on its role as well as refer to it. It changes nothing.
  ids: ['W3005'],
};

const findings = (file: string) => {
  const report = engine.validateStandard(new TemplateFile(file), {
    severityLevel: 'WARN',
    exclude: settled,
  });
  expect(report.status).toBe('OK');
  return report.diagnostics.map(
    ({ ruleId, entity, propertyPath, message }) =>
      `${ruleId} ${entity?.logicalId} ${propertyPath ?? ''}: ${message}`,
  );
};

test.each([
  ['dev', {}],
  ['prod', prodContext],
] as const)('the templates of %s are such as CloudFormation takes', (stage, context) => {
  const { assembly } = assemble(context);
  for (const stack of ['Data', 'Service']) {
    expect(findings(join(assembly, `Sealtrail${stack}-${stage}.template.json`))).toEqual([]);
  }
});
