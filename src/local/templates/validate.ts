import { join } from 'node:path';
import { CelEngine, TemplateFile } from '@aws/cloudformation-validate';
import { readAssembly } from '../template/assembly.ts';

/** Rules that are left out, and why. */
const settled = {
  // The CDK makes a function depend on its role as well as refer to it. It changes nothing.
  ids: ['W3005'],
};

/**
 * What CloudFormation would not take in the templates of a cloud assembly, a line a finding.
 *
 * @throws when the rules could not be applied: no finding must mean that there is nothing to find
 */
export async function validate(assembly: string): Promise<string[]> {
  const engine = new CelEngine();
  try {
    return (await readAssembly(assembly)).flatMap(({ name }) => {
      const file = new TemplateFile(join(assembly, `${name}.template.json`));
      const options = { severityLevel: 'WARN', exclude: settled } as const;
      const { status, diagnostics } = engine.validateStandard(file, options);
      if (status !== 'OK') throw new Error(`${name} could not be validated: ${status}`);
      return diagnostics.map(
        ({ ruleId, entity, propertyPath, message }) =>
          `${ruleId} ${name}/${entity?.logicalId} ${propertyPath ?? ''}: ${message}`,
      );
    });
  } finally {
    engine.free();
  }
}
