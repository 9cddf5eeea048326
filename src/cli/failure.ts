/** The command line cannot be understood: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** What was asked was not done, or not wholly: exit code 1. */
export class Failure extends Error {
  override readonly name = 'Failure';
}
