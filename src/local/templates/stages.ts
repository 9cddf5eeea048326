/** The stages whose templates are checked, each with just its name. */
export const stages = {
  dev: { stage: 'dev' },
  prod: { stage: 'prod' },
} as const;
