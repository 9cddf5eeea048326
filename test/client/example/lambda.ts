import type { APIGatewayProxyEventV2WithLambdaAuthorizer } from 'aws-lambda';
import { withAudit } from '../../../src/client/lambda.ts';
import { audit } from './audit.ts';
import { refund } from './refund.ts';

type Call = APIGatewayProxyEventV2WithLambdaAuthorizer<{ userId: string }>;

export const handler = withAudit(
  {
    audit,
    context: ({ requestContext }: Call) => ({
      actor: { type: 'user', id: requestContext.authorizer.lambda.userId },
    }),
  },
  async (call) => {
    const { invoice, amount } = JSON.parse(call.body ?? '{}');
    await refund(invoice, amount);
    return { statusCode: 204 };
  },
);
