import type { Iam } from '../iam.ts';
import type { Place } from '../service.ts';
import type { PolicySpec, RoleSpec } from './provider.ts';

/** The roles of a template: each with what it says itself and what is attached to it, put at once. */
export function createRoles(place: Place, iam: Iam) {
  const roles = new Map<string, RoleSpec>();
  const policies = new Map<string, PolicySpec>();

  function put(name: string): string {
    const role = roles.get(name);
    if (role === undefined) throw new Error(`there is no role ${name}`);
    const attached = [...policies.values()].filter((policy) => policy.roles.includes(name));
    const arn = `arn:aws:iam::${place.account}:role/${name}`;
    const all = [...role.policies, ...attached.map(({ name, policy }) => ({ name, policy }))];
    iam.putRole({ ...role, arn, policies: all });
    return arn;
  }

  return {
    /** Makes a role, or changes the one of that name; what is attached to it stays. Returns its ARN. */
    put(spec: RoleSpec): string {
      roles.set(spec.name, spec);
      return put(spec.name);
    },
    /** Attaches a policy to its roles and to no others, or with `undefined` takes it from them. */
    attach(name: string, spec: PolicySpec | undefined): void {
      const affected = new Set([...(policies.get(name)?.roles ?? []), ...(spec?.roles ?? [])]);
      if (spec === undefined) policies.delete(name);
      else policies.set(name, spec);
      for (const role of affected) put(role);
    },
  };
}
