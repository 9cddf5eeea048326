import { createReadStream } from 'node:fs';
import { stdin } from 'node:process';
import { isBundle } from '../../domain/bundle.ts';
import { digestPattern } from '../../domain/manifest.ts';
import type { Pins } from '../../domain/verdict.ts';
import type { Desk, DeskCommand } from '../command.ts';
import { Failure, UsageError } from '../failure.ts';
import { profileOption, readProfile } from '../read/profile.ts';
import type { Args } from '../read-args.ts';
import { noneYet } from './tally.ts';
import { verifyBundleFile } from './verify-bundle-file.ts';
import { verifyProofFile } from './verify-proof-file.ts';

export const verify: DeskCommand = {
  kind: 'desk',
  name: 'verify',
  operands: 'FILE',
  summary: 'check a proof or an export offline: each event intact, incomplete or forged, and why',
  options: {
    issuer: {
      value: 'THUMBPRINT',
      repeated: true,
      help: 'the thumbprint of the issuer’s key, from somewhere you trust; again for a key before it',
    },
    tenant: { value: 'TENANT', help: 'refuse what is not of this tenant' },
    ...profileOption,
  },
  about: [
    'FILE is a proof (GET /v1/events/ID/proof, at most 256 KiB), a line of NDJSON for each of many, or a file of `export --proofs`; - is standard input. Nothing is asked of any server: line hash, Merkle path, manifest signature, grant signature and issuer key are checked here, and in an export each producer’s chain of batches.',
    'Without --issuer (or `issuers` in the profile that is named) nothing is proved: anybody could have made the file with a key of its own. The thumbprints stand in the deployment’s /.well-known/jwks.json as `kid`; fetch them once, and keep them apart from the log.',
    'Exit codes: 0 all intact; 1 something is forged, or FILE cannot be read; 2 the command line is not understood; 3 nothing is forged, but something is incomplete: no issuer pinned, a grant revoked, a batch missing in a chain, or the file cut or without any batch.',
    'What no file can show: that a producer was left out as a whole, or what came after its last batch unless that says so (`finished`). When a batch arrived and whether its grant was revoked is the word of the file: nobody has signed that.',
  ],
  examples: [
    'verify proof.json --issuer kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k',
    'verify acme-2026-10.bundle --issuer kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k --tenant acme',
    'verify proofs.ndjson --profile prod --json',
  ],
  async work(args, desk) {
    const pins = await pinsOf(args, desk);
    const tally = noneYet();
    const { start, chunks } = await open(args.operand(0));
    const report = isBundle(start) ? verifyBundleFile : verifyProofFile;
    await report(chunks, pins, desk.out, tally);
    desk.out.say('Revocations and arrivals are the word of the file: nobody has signed them.');
    if (pins.issuers.size === 0)
      desk.out.note(
        'No issuer is pinned: anybody could have made this file. Say whose it must be with --issuer.',
      );
    return tally.forged > 0 ? 1 : tally.incomplete > 0 ? 3 : 0;
  },
};

/** Those of the command line, and of a profile only if one is named: a pin must be meant. */
async function pinsOf(args: Args, desk: Desk): Promise<Pins> {
  const given = args.texts('issuer');
  for (const each of given)
    if (!digestPattern.test(each))
      throw new UsageError(`--issuer is a thumbprint of 43 characters, not ${each}`);
  const isNamed = args.text('profile') !== undefined;
  const profile = isNamed ? await readProfile(args, desk) : undefined;
  return { issuers: new Set([...given, ...(profile?.issuers ?? [])]), tenant: args.id('tenant') };
}

/** The first bytes of a file, and all of it. Throws a Failure. */
async function open(file: string): Promise<{ start: Buffer; chunks: AsyncIterable<Buffer> }> {
  const source: AsyncIterable<Buffer> = file === '-' ? stdin : createReadStream(file);
  const iterator = source[Symbol.asyncIterator]();
  const next = () =>
    iterator.next().catch((cause: unknown) => {
      throw new Failure(`${file} cannot be read`, { cause });
    });
  const first: Buffer[] = [];
  let length = 0;
  for (let read = await next(); read.done !== true; read = await next()) {
    first.push(read.value);
    length += read.value.length;
    if (length >= 64) break;
  }
  const start = Buffer.concat(first);
  async function* chunks() {
    if (start.length > 0) yield start;
    for (let read = await next(); read.done !== true; read = await next()) yield read.value;
  }
  return { start, chunks: chunks() };
}
