import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import {
  type ReadGrantAnswer,
  type ReadGrantEvent,
  type ReadGrantRequest,
  readGrantAnswer,
} from '../lambda/read-grant.ts';

/** Asks the token function, by invoking it, for what reads are recorded with. */
export function askToken(client: LambdaClient, functionName: string) {
  return async (readGrant: ReadGrantRequest): Promise<ReadGrantAnswer> => {
    const event: ReadGrantEvent = { readGrant };
    const { Payload, FunctionError } = await client.send(
      new InvokeCommand({ FunctionName: functionName, Payload: JSON.stringify(event) }),
    );
    if (FunctionError !== undefined) throw new Error(`the token function failed: ${FunctionError}`);
    return readGrantAnswer.parse(JSON.parse(Buffer.from(Payload ?? []).toString()));
  };
}
