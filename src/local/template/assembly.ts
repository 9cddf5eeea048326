import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A resource as a template declares it. */
export interface Resource {
  readonly Type: string;
  readonly Properties?: unknown;
  readonly DependsOn?: string | readonly string[];
  readonly Condition?: string;
}

/** The parts of a template that are acted on. */
interface Template {
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Conditions?: Readonly<Record<string, unknown>>;
  readonly Parameters?: Readonly<
    Record<string, { readonly Type: string; readonly Default?: string }>
  >;
  readonly Mappings?: unknown;
  readonly Outputs?: Readonly<
    Record<string, { readonly Value: unknown; readonly Export?: { readonly Name: unknown } }>
  >;
}

export interface Stack {
  readonly name: string;
  readonly template: Template;
}

interface Artifact {
  readonly type: string;
  readonly dependencies?: readonly string[];
  readonly properties?: { readonly templateFile?: string; readonly stackName?: string };
}

/**
 * Reads a cloud assembly's stacks, each after those that it depends on.
 *
 * @param folder as the CDK wrote it, with its `manifest.json`
 */
export async function readAssembly(folder: string): Promise<Stack[]> {
  const manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8'));
  const artifacts: Record<string, Artifact> = manifest.artifacts;
  const stacks: Stack[] = [];
  const seen = new Set<string>();
  const visit = async (id: string): Promise<void> => {
    const artifact = artifacts[id];
    if (seen.has(id) || artifact === undefined) return;
    seen.add(id);
    for (const dependency of artifact.dependencies ?? []) await visit(dependency);
    const file = artifact.properties?.templateFile;
    if (artifact.type !== 'aws:cloudformation:stack' || file === undefined) return;
    const template: Template = JSON.parse(await readFile(join(folder, file), 'utf8'));
    stacks.push({ name: artifact.properties?.stackName ?? id, template });
  };
  for (const id of Object.keys(artifacts)) await visit(id);
  if (stacks.length === 0) throw new Error('The cloud assembly holds no stack');
  return stacks;
}
