import type { KMSClient } from '@aws-sdk/client-kms';
import type { STSClient } from '@aws-sdk/client-sts';

/**
 * Tells of every try that KMS or STS throttles, those too that a repetition makes good: when they become
 * many, the next flood of clients will not get through.
 */
export function countThrottles(client: KMSClient | STSClient, throttled: () => void): void {
  const stack = client.middlewareStack as KMSClient['middlewareStack'];
  const watch = (next: (args: unknown) => Promise<unknown>) => async (args: unknown) => {
    try {
      return await next(args);
    } catch (error) {
      if (isThrottle(error)) throttled();
      throw error;
    }
  };
  // Within the repetitions, so that each try is seen.
  const place = { name: 'countThrottles', relation: 'after', toMiddleware: 'retryMiddleware' };
  type Add = Parameters<typeof stack.addRelativeTo>;
  stack.addRelativeTo(watch as Add[0], place as Add[1]);
}

/**
 * `ThrottlingException` of KMS (https://docs.aws.amazon.com/kms/latest/developerguide/throttling.html),
 * `Throttling` of STS (https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html).
 */
function isThrottle(error: unknown): boolean {
  return (
    error instanceof Error &&
    /^(Throttling|ThrottlingException|RequestLimitExceeded)$/.test(error.name)
  );
}
