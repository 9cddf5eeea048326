import { isDeepStrictEqual } from 'node:util';
import type { Place } from '../service.ts';
import { readAssembly, type Stack } from './assembly.ts';
import { creationOrder } from './order.ts';
import { checkUpdate, staysAsItIs } from './plan.ts';
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
  /** What the same provider runs already. @default nothing */
  readonly running?: readonly Provisioned[];
}

interface Standing extends Made {
  readonly type: string;
  /** As it was made with: resolved. */
  readonly properties: unknown;
}

/** A stack that stands. */
export interface Provisioned extends Stack {
  readonly outputs: Readonly<Record<string, string>>;
  /** By logical id. */
  readonly resources: ReadonlyMap<string, Standing>;
}

/**
 * Makes every resource of every stack of a cloud assembly, as CloudFormation would: stacks in the order of their
 * dependencies, resources in that of theirs, one at a time.
 *
 * Over stacks that run already it is an update: a resource of the same logical id, type and properties is kept as
 * it stands; one whose properties differ is made again under its name, which changes it; one that is no longer
 * declared is removed at the end.
 *
 * @throws naming stack, resource and type, at the first that is unknown or cannot be made; what was made or changed
 * stays so, nothing is rolled back. An update that would lose data, or that the local AWS cannot do, is refused
 * before anything is changed.
 */
export async function provision(options: ProvisionOptions): Promise<Provisioned[]> {
  const { assembly, provider, running = [] } = options;
  const stacks = await readAssembly(assembly);
  checkUpdate(running, stacks);
  const exported = new Map<string, string>();
  const made: Provisioned[] = [];
  for (const stack of stacks) made.push(await provisionStack(stack, exported, options));
  for (const { name, resources } of running.toReversed()) {
    const next = made.find((stack) => stack.name === name)?.resources;
    for (const [logicalId, { type, ref }] of [...resources].toReversed()) {
      if (next?.get(logicalId)?.ref !== ref) await provider.remove(type, ref);
    }
  }
  return made;
}

async function provisionStack(
  { name, template }: Stack,
  exported: Map<string, string>,
  { assembly, place, provider, running }: ProvisionOptions,
): Promise<Provisioned> {
  const before = running?.find((stack) => stack.name === name)?.resources;
  const resources = new Map<string, Standing>();
  const scope = scopeOf({ name, template }, resources, exported, place);
  for (const logicalId of creationOrder(template.Resources)) {
    const declared = template.Resources[logicalId];
    if (declared === undefined) continue;
    if (declared.Condition !== undefined && !scope.condition(declared.Condition)) continue;
    try {
      const make = makers.get(declared.Type);
      if (make === undefined) throw new Error('this type is not known to the local provisioner');
      const properties = resolve(declared.Properties, scope);
      const standing = before?.get(logicalId);
      const at = { stack: name, logicalId, assembly, place };
      const kept =
        standing !== undefined &&
        (staysAsItIs(standing.type) || isDeepStrictEqual(standing.properties, properties));
      const made = kept ? standing : await make(properties, at, provider);
      resources.set(logicalId, { ...made, type: declared.Type, properties });
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
  return { name, template, outputs, resources };
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
