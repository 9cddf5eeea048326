import { describe, expect, test } from 'vitest';
import { mayInvoke } from '../../../src/local/template/may-invoke.ts';

describe('leave to invoke a function', () => {
  const permission = {
    functionName: 'f',
    principal: 'apigateway.amazonaws.com',
    action: 'lambda:InvokeFunction',
    sourceArn: 'arn:aws:execute-api:r:1:api/*/*/v1/events/{id}',
  };
  const call = {
    functionName: 'f',
    principal: 'apigateway.amazonaws.com',
    sourceArn: 'arn:aws:execute-api:r:1:api/$default/GET/v1/events/{id}',
  };

  test('is given to the route that a permission is for', () => {
    expect(mayInvoke([permission], call)).toBe(true);
  });

  test.each([
    ['without any permission', []],
    ['by one for another function', [{ ...permission, functionName: 'g' }]],
    ['by one for another service', [{ ...permission, principal: 's3.amazonaws.com' }]],
    ['by one for another action', [{ ...permission, action: 'lambda:GetFunction' }]],
    [
      'by one for another route',
      [{ ...permission, sourceArn: 'arn:aws:execute-api:r:1:api/*/*/v1/events' }],
    ],
    [
      'by one in which a dot stands for a dot',
      [{ ...permission, sourceArn: permission.sourceArn.replace('v1', '..') }],
    ],
  ])('is not given %s', (_, permissions) => {
    expect(mayInvoke(permissions, call)).toBe(false);
  });
});
