import type { Place } from '../service.ts';
import { readAssembly, type Stack } from './assembly.ts';
import { creationOrder } from './order.ts';
import type { Made, Provider } from './provider.ts';
import { resolve, type Scope } from './resolve.ts';
import { compute } from './resources/compute.ts';
import type { Maker } from './resources/maker.ts';
import { recorded } from './resources/recorded.ts';
import { security } from './resources/security.ts';
import { storage } from './resources/storage.ts';

const makers = new Map<string, Maker>(
  Object.entries({ ...security, ...storage, ...compute, ...recorded }),
);

export interface ProvisionOptions {
  /** Folder of the cloud assembly. */
  readonly assembly: string;
  readonly place: Place;
  readonly provider: Provider;
}

/** A stack that stands. */
export interface Provisioned {
  readonly name: string;
  readonly outputs: Readonly<Record<string, string>>;
  /** By logical id. */
  readonly resources: ReadonlyMap<string, Made & { readonly type: string }>;
}

/**
 * Makes every resource of every stack of a cloud assembly, as CloudFormation would: stacks in the order of their
 * dependencies, resources in that of theirs, one at a time.
 *
 * @throws naming stack, resource and type, at the first that is unknown or cannot be made; what was made stays
 */
export async function provision(options: ProvisionOptions): Promise<Provisioned[]> {
  const exported = new Map<string, string>();
  const made: Provisioned[] = [];
  for (const stack of await readAssembly(options.assembly)) {
    made.push(await provisionStack(stack, exported, options));
  }
  return made;
}

async function provisionStack(
  { name, template }: Stack,
  exported: Map<string, string>,
  { assembly, place, provider }: ProvisionOptions,
): Promise<Provisioned> {
  const resources = new Map<string, Made & { type: string }>();
  const scope = scopeOf({ name, template }, resources, exported, place);
  for (const logicalId of creationOrder(template.Resources)) {
    const declared = template.Resources[logicalId];
    if (declared === undefined) continue;
    if (declared.Condition !== undefined && !scope.condition(declared.Condition)) continue;
    try {
      const make = makers.get(declared.Type);
      if (make === undefined) throw new Error('this type is not known to the local provisioner');
      const properties = resolve(declared.Properties, scope);
      const at = { stack: name, logicalId, assembly, place };
      resources.set(logicalId, { ...(await make(properties, at, provider)), type: declared.Type });
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`${name}/${logicalId} (${declared.Type}): ${message}`, { cause });
    }
  }
  const outputs: Record<string, string> = {};
  for (const [key, { Value, Export }] of Object.entries(template.Outputs ?? {})) {
    const value = String(resolve(Value, scope));
    outputs[key] = value;
    if (Export !== undefined) exported.set(String(resolve(Export.Name, scope)), value);
  }
  return { name, outputs, resources };
}

function scopeOf(
  { name, template }: Stack,
  resources: ReadonlyMap<string, Made>,
  exported: ReadonlyMap<string, string>,
  place: Place,
): Scope {
  const pseudo: Record<string, string> = {
    'AWS::AccountId': place.account,
    'AWS::Region': place.region,
    'AWS::Partition': 'aws',
    'AWS::URLSuffix': 'amazonaws.com',
    'AWS::StackName': name,
    'AWS::StackId': `arn:aws:cloudformation:${place.region}:${place.account}:stack/${name}/local`,
  };
  const scope: Scope = {
    ref(id) {
      const value = resources.get(id)?.ref ?? pseudo[id] ?? template.Parameters?.[id]?.Default;
      if (value === undefined) throw new Error(`Ref: nothing is named ${id}`);
      return value;
    },
    attribute(id, attribute) {
      const value = resources.get(id)?.attributes[attribute];
      if (value === undefined) throw new Error(`Fn::GetAtt: no ${id}.${attribute} here`);
      return value;
    },
    imported(exportName) {
      const value = exported.get(exportName);
      if (value === undefined) throw new Error(`Fn::ImportValue: nobody exports ${exportName}`);
      return value;
    },
    condition(id) {
      const expression = template.Conditions?.[id];
      if (expression === undefined) throw new Error(`no condition is named ${id}`);
      return resolve(expression, scope) === true;
    },
  };
  return scope;
}
