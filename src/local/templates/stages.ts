/** The stages whose templates are checked, each with the settings that it cannot do without. */
export const stages = {
  dev: { stage: 'dev' },
  prod: {
    stage: 'prod',
    breakGlassRoleArn: 'arn:aws:iam::123456789012:role/break-glass',
  },
} as const;
