import { z } from 'zod';
import { ignored, type Maker, maker, physicalName, policyDocument } from './maker.ts';

export const security: Readonly<Record<string, Maker>> = {
  'AWS::IAM::Role': maker(
    z.strictObject({
      RoleName: z.string().optional(),
      AssumeRolePolicyDocument: policyDocument,
      Policies: z
        .array(z.strictObject({ PolicyName: z.string(), PolicyDocument: policyDocument }))
        .default([]),
      MaxSessionDuration: z.number().default(3600),
      // AWS's managed policies are not known here: a role that has one could not be checked.
      ManagedPolicyArns: z
        .array(z.string())
        .max(0, 'managed policies are not known here')
        .optional(),
      Description: ignored,
      Tags: ignored,
    }),
    (properties, at, provider) =>
      provider.role({
        name: properties.RoleName ?? physicalName(at, 64),
        trust: properties.AssumeRolePolicyDocument,
        policies: properties.Policies.map(({ PolicyName, PolicyDocument }) => ({
          name: PolicyName,
          policy: PolicyDocument,
        })),
        maxSessionSeconds: properties.MaxSessionDuration,
      }),
  ),
  'AWS::IAM::Policy': maker(
    z.strictObject({
      PolicyName: z.string(),
      PolicyDocument: policyDocument,
      Roles: z.array(z.string()).min(1),
    }),
    ({ PolicyName, PolicyDocument, Roles }, _at, provider) =>
      provider.policy({ name: PolicyName, policy: PolicyDocument, roles: Roles }),
  ),
  'AWS::KMS::Key': maker(
    z.strictObject({
      KeySpec: z
        .enum(['ECC_NIST_EDWARDS25519', 'HMAC_256', 'SYMMETRIC_DEFAULT'])
        .default('SYMMETRIC_DEFAULT'),
      KeyUsage: z.string().default('ENCRYPT_DECRYPT'),
      KeyPolicy: policyDocument,
      // Rotation changes the key's material, on which no answer here depends.
      EnableKeyRotation: ignored,
      Description: ignored,
      Tags: ignored,
    }),
    ({ KeySpec, KeyUsage, KeyPolicy }, _at, provider) =>
      provider.key({ spec: KeySpec, usage: KeyUsage, policy: KeyPolicy }),
  ),
};
