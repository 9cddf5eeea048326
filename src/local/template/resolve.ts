/** What a template's functions look things up in. Each throws when there is no such thing. */
export interface Scope {
  /** `Ref` of a resource, a parameter or a pseudo parameter. */
  ref(name: string): unknown;
  attribute(logicalId: string, name: string): unknown;
  /** `Fn::ImportValue`: what another stack exports. */
  imported(name: string): unknown;
  condition(name: string): boolean;
}

/** `{ Ref: 'AWS::NoValue' }`: the property that holds it is as good as absent. */
const absent = Symbol('AWS::NoValue');

/**
 * Replaces every function in a template's value by what it stands for
 * (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html).
 *
 * @throws on a function that is not known here, by its name: silence would make a different stack
 */
export function resolve(value: unknown, scope: Scope): unknown {
  const resolved = evaluate(value, scope);
  return resolved === absent ? undefined : resolved;
}

function evaluate(value: unknown, scope: Scope): unknown {
  if (Array.isArray(value)) {
    return value.map((item) => evaluate(item, scope)).filter((item) => item !== absent);
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  const [first] = entries;
  if (entries.length === 1 && first !== undefined && /^(Ref|Condition|Fn::.*)$/.test(first[0])) {
    const [name, argument] = first;
    // `Condition` is a function only where its argument is a name; in a policy it is a block of conditions.
    if (name !== 'Condition' || typeof argument === 'string') return call(name, argument, scope);
  }
  return Object.fromEntries(
    entries
      .map(([key, item]) => [key, evaluate(item, scope)] as const)
      .filter(([, item]) => item !== absent),
  );
}

function call(name: string, argument: unknown, scope: Scope): unknown {
  const items = (): unknown[] => list(evaluate(argument, scope), name);
  switch (name) {
    case 'Ref':
      return argument === 'AWS::NoValue' ? absent : scope.ref(text(argument, name));
    case 'Fn::GetAtt':
      return getAttribute(argument, scope);
    case 'Fn::Join': {
      const [separator, parts] = items();
      return list(parts, name)
        .map((part) => text(part, name))
        .join(text(separator, name));
    }
    case 'Fn::Sub':
      return substitute(argument, scope);
    case 'Fn::Select': {
      const [index, from] = items();
      const chosen = list(from, name)[Number(index)];
      if (chosen === undefined) throw new Error(`Fn::Select: no item ${index}`);
      return chosen;
    }
    case 'Fn::Split': {
      const [separator, whole] = items();
      return text(whole, name).split(text(separator, name));
    }
    case 'Fn::ImportValue':
      return scope.imported(text(evaluate(argument, scope), name));
    case 'Fn::If': {
      // Only the branch that is taken: the other may name what does not exist.
      const [condition, then, otherwise] = list(argument, name);
      return evaluate(scope.condition(text(condition, name)) ? then : otherwise, scope);
    }
    case 'Condition':
      return scope.condition(text(argument, name));
    case 'Fn::Equals': {
      const [left, right] = items();
      return JSON.stringify(left) === JSON.stringify(right);
    }
    case 'Fn::And':
      return items().every((item) => item === true);
    case 'Fn::Or':
      return items().some((item) => item === true);
    case 'Fn::Not':
      return items()[0] !== true;
    default:
      throw new Error(`${name} is not known to the local provisioner`);
  }
}

function getAttribute(argument: unknown, scope: Scope): unknown {
  const [logicalId, ...name] =
    typeof argument === 'string' ? argument.split('.') : list(argument, 'Fn::GetAtt');
  return scope.attribute(
    text(logicalId, 'Fn::GetAtt'),
    name.map((part) => text(part, 'Fn::GetAtt')).join('.'),
  );
}

function substitute(argument: unknown, scope: Scope): string {
  const [pattern, given] = Array.isArray(argument) ? argument : [argument, {}];
  const variables = evaluate(given, scope) as Record<string, unknown>;
  return text(pattern, 'Fn::Sub').replaceAll(/\$\{(!?)([^}]+)\}/g, (_, escaped, name) => {
    if (escaped === '!') return `\${${name}}`;
    if (Object.hasOwn(variables, name)) return text(variables[name], 'Fn::Sub');
    const value = name.includes('.') ? getAttribute(name, scope) : scope.ref(name);
    return text(value, 'Fn::Sub');
  });
}

function list(value: unknown, name: string): unknown[] {
  if (!Array.isArray(value)) throw new Error(`${name} takes a list`);
  return value;
}

function text(value: unknown, name: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new Error(`${name} takes text, and was given ${JSON.stringify(value)}`);
}
