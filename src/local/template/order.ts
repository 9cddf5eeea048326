import type { Resource } from './assembly.ts';

/**
 * Puts a template's resources in an order in which each comes after all that it refers to or says that it
 * depends on. Where that leaves a choice, the template's own order is kept.
 *
 * @returns logical ids
 * @throws on a cycle or a `DependsOn` of nothing, by name
 */
export function creationOrder(resources: Readonly<Record<string, Resource>>): string[] {
  const order: string[] = [];
  const done = new Set<string>();
  const visit = (id: string, path: readonly string[]): void => {
    if (path.includes(id)) throw new Error(`Cycle: ${[...path, id].join(' → ')}`);
    if (done.has(id)) return;
    for (const before of dependencies(id, resources)) visit(before, [...path, id]);
    done.add(id);
    order.push(id);
  };
  for (const id of Object.keys(resources)) visit(id, []);
  return order;
}

function dependencies(id: string, resources: Readonly<Record<string, Resource>>): Set<string> {
  const resource = resources[id];
  const said = [resource?.DependsOn ?? []].flat();
  for (const name of said) {
    if (!Object.hasOwn(resources, name))
      throw new Error(`${id} depends on ${name}: no such resource`);
  }
  const mentioned = [...mentions(resource?.Properties)].filter((name) =>
    Object.hasOwn(resources, name),
  );
  return new Set([...said, ...mentioned]);
}

/** Every name that a value may refer to by Ref, GetAtt or Sub. */
function* mentions(value: unknown): Generator<string> {
  if (Array.isArray(value)) {
    for (const item of value) yield* mentions(item);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, item] of Object.entries(value)) {
    if (key === 'Ref' && typeof item === 'string') yield item;
    if (key === 'Fn::GetAtt')
      yield String(Array.isArray(item) ? item[0] : item).replace(/\..*$/, '');
    if (key === 'Fn::Sub') {
      const pattern = String(Array.isArray(item) ? item[0] : item);
      for (const [, name] of pattern.matchAll(/\$\{([^}!.]+)/g)) if (name !== undefined) yield name;
    }
    yield* mentions(item);
  }
}
