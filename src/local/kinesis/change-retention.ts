import { z } from 'zod';
import { invalid } from './kinesis-error.ts';
import { limits } from './limits.ts';
import { parseInput, streamReference } from './parse-input.ts';
import type { Streams } from './streams.ts';

const input = z.object({ ...streamReference, RetentionPeriodHours: z.int() });

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_IncreaseStreamRetentionPeriod.html */
export function increaseStreamRetentionPeriod(streams: Streams, raw: unknown) {
  change(streams, raw, 'shorter', (hours, current) => hours < current);
}

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DecreaseStreamRetentionPeriod.html */
export function decreaseStreamRetentionPeriod(streams: Streams, raw: unknown) {
  change(streams, raw, 'longer', (hours, current) => hours > current);
}

function change(
  streams: Streams,
  raw: unknown,
  wrong: string,
  isWrong: (hours: number, current: number) => boolean,
): void {
  const { RetentionPeriodHours: hours, ...reference } = parseInput(input, raw);
  const stream = streams.find(reference);
  const { least, most } = limits.retentionHours;
  if (hours < least || hours > most)
    throw invalid(`Retention period must be between ${least} and ${most} hours. It was ${hours}.`);
  if (isWrong(hours, stream.retentionHours))
    throw invalid(
      `Requested retention period (${hours} hours) for stream ${stream.name} can not be ${wrong} than existing retention period (${stream.retentionHours} hours).`,
    );
  stream.retain(hours, streams.now());
}
