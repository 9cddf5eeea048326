import { PutRecordsCommand, type PutRecordsRequestEntry } from '@aws-sdk/client-kinesis';
import type { Clock } from './clock.ts';
import type { Session } from './session.ts';

const timeoutMs = 15_000;

/** What became of one record: its place on the stream, or why it is not there. */
export interface PutResult {
  readonly SequenceNumber?: string | undefined;
  readonly ErrorCode?: string | undefined;
}

/**
 * One request. Results are in the order of the records, and each record was taken or not on its own.
 * Rejects if the request failed as a whole, took over 15 s, or was aborted.
 */
export async function putRecords(
  session: Session,
  records: PutRecordsRequestEntry[],
  abort: AbortController,
  clock: Clock,
): Promise<readonly PutResult[]> {
  const late = () => abort.abort(new Error(`the stream gave no answer within ${timeoutMs} ms`));
  const cancel = clock.after(timeoutMs, late);
  try {
    const command = new PutRecordsCommand({ StreamARN: session.stream, Records: records });
    const answer = await session.kinesis.send(command, { abortSignal: abort.signal });
    return answer.Records ?? [];
  } finally {
    cancel();
  }
}
