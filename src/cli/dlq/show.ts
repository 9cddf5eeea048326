import { decompress } from '../../domain/body.ts';
import { toTime } from '../../domain/encoding.ts';
import { SealtrailError } from '../../domain/error.ts';
import { readLine } from '../../domain/line.ts';
import { parseRecord, type SealedRecord } from '../../domain/manifest.ts';
import type { Command } from '../command.ts';
import type { Session } from '../session.ts';
import { createDeadLetters } from './dead-letters.ts';
import type { Letter } from './letter.ts';
import { byId } from './select.ts';

export const showDeadLetter: Command = {
  name: 'dlq show',
  operands: 'ID',
  summary: 'why a record was not stored, and what it says of itself',
  options: {},
  about: [
    'ID is a dead letter’s, or an object’s (without #…) for all in it.',
    'What a record says of itself is decoded, not verified: anybody may have written it. Characters that could deceive a terminal are shown as \\u{…}.',
  ],
  examples: ['dlq show quarantine/nobody/2026/11/24/83b1dd7c….ndjson#4956…'],
  async run(args, session) {
    for (const { letters } of await byId([args.operand(0)], createDeadLetters(session)))
      for (const letter of letters) print(letter, session);
  },
};

function print(letter: Letter, { out }: Session): void {
  const { data, arrival, ...rest } = letter;
  const said = decode(data);
  out.rows(
    [
      {
        ...rest,
        arrival: toTime(arrival),
        bytes: data.length,
        ...said,
        record: data.toString('base64'),
      },
    ],
    [],
  );
  const lines: (readonly [string, unknown])[] = [
    ['id', letter.id],
    ['reason', `${letter.code}: ${letter.reason}`],
    ['arrived', `${toTime(arrival)} on ${letter.shard}, partition key ${letter.partitionKey}`],
    ['attempts', `redriven ${letter.attempts} time(s)`],
    ['copies', letter.copies && `${letter.copies} came at once; this is the first`],
    ['tenant', letter.tenant ?? 'not proved: signature and root of a known grant were not seen'],
    ['bytes', data.length.toLocaleString('en-US')],
    ['grant', said.unverified?.grant],
    ['manifest', said.unverified && JSON.stringify(said.unverified.manifest)],
    ['not decoded', said.undecoded],
    ['begins with', said.begins],
    ['first bad line', said.firstBadLine && describeLine(said.firstBadLine)],
    ['body', said.body],
  ];
  const shown = lines.filter(([, value]) => value !== undefined);
  const unverified = new Set(['grant', 'manifest', 'first bad line', 'body']);
  for (const [name, value] of shown)
    out.say(`${(unverified.has(name) ? `${name} (unverified)` : name).padEnd(28)}${value}`);
  out.say('');
}

interface BadLine {
  /** From 1. */
  readonly line: number;
  readonly fault: string;
  readonly text: string;
}

/** What a record says of itself. Nothing of it is proved. */
interface Said {
  readonly unverified?: { readonly grant: string; readonly manifest: object };
  readonly undecoded?: string;
  /** The first bytes of what cannot be decoded. */
  readonly begins?: string;
  readonly firstBadLine?: BadLine;
  readonly body?: string;
}

/** Characters of a line or record that are shown. */
const shownLength = 200;

function decode(data: Buffer): Said {
  try {
    const record = parseRecord(data);
    const unverified = { grant: record.grantId, manifest: record.manifest };
    return { unverified, ...inspectBody(record) };
  } catch (error) {
    if (!(error instanceof SealtrailError)) throw error;
    const begins = data.toString('latin1', 0, shownLength);
    return { undecoded: `${error.code}: ${error.message}`, ...(begins !== '' && { begins }) };
  }
}

/** Unpacks within the bounds that the manifest keeps to, and looks for the first line that is no valid event. */
function inspectBody({ manifest, body }: SealedRecord): Pick<Said, 'firstBadLine' | 'body'> {
  let plain: Buffer;
  try {
    plain = decompress(body, manifest.enc, manifest.size);
  } catch (error) {
    if (!(error instanceof SealtrailError)) throw error;
    return { body: `${error.code}: ${error.message}` };
  }
  let number = 0;
  for (let start = 0; start < plain.length; ) {
    const lf = plain.indexOf(0x0a, start);
    const bytes = plain.subarray(start, lf === -1 ? plain.length : lf);
    number += 1;
    const fault = lf === -1 ? 'the last line has no LF' : faultOf(bytes);
    if (fault !== undefined)
      return {
        firstBadLine: { line: number, fault, text: bytes.toString('utf8', 0, shownLength) },
      };
    start = lf + 1;
  }
  const claimed = number === manifest.count ? '' : `; count says ${manifest.count}`;
  return { body: `${number} line(s), each a valid event${claimed}` };
}

function faultOf(bytes: Buffer): string | undefined {
  if (bytes.length === 0) return 'empty';
  const line = readLine(bytes);
  if (line.kind === 'no-id') return 'no valid id';
  return line.kind === 'faulty' ? line.fault : undefined;
}

function describeLine({ line, fault, text }: BadLine): string {
  return `line ${line} (${fault}): ${text}`;
}
