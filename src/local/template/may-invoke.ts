import type { PermissionSpec } from './provider.ts';

/**
 * Whether a function's permissions let a service invoke it for one of its resources. Without any permission
 * nobody may: identity policies do not count for a service
 * (https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html).
 */
export function mayInvoke(
  permissions: readonly PermissionSpec[],
  call: { readonly functionName: string; readonly principal: string; readonly sourceArn: string },
): boolean {
  return permissions.some(
    ({ functionName, principal, action, sourceArn }) =>
      functionName === call.functionName &&
      principal === call.principal &&
      action === 'lambda:InvokeFunction' &&
      (sourceArn === undefined || likens(sourceArn, call.sourceArn)),
  );
}

/** ArnLike: `*` stands for any text and `?` for one character. */
function likens(pattern: string, arn: string): boolean {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's').test(arn);
}
