import { acknowledgedBy } from '../../domain/acknowledged.ts';
import { judge, needsWatch } from '../../domain/judge-producer.ts';
import { uuidV7Pattern } from '../../domain/uuid.ts';
import { producerSortKey } from '../../store/keys.ts';
import { createProducers } from '../../store/producers.ts';
import { audited } from '../audited.ts';
import type { Command } from '../command.ts';
import { Failure, UsageError } from '../failure.ts';
import type { Session } from '../session.ts';

/** Longest `reason` of an event, by far. */
const maxWhy = 500;
/** Of one producer, so that its item stays far below the 400 KB that DynamoDB takes. */
const maxKept = 200;
/** The auditor writes the same item once a minute at most. */
const tries = 5;

interface Gap {
  readonly from: number;
  readonly to: number;
}

export const acknowledgeGaps: Command = {
  name: 'producers acknowledge',
  operands: 'PRODUCER',
  summary: 'stop alarming about batches that are lost for good; they stay shown as missing',
  options: {
    tenant: { value: 'TENANT', help: 'whose log' },
    client: { value: 'NAME', help: 'the client that the producer belongs to' },
    gap: {
      value: 'FROM-TO',
      repeated: true,
      help: 'only this gap, as `producers` shows it; again for another (default: all there are now)',
    },
    why: { value: 'TEXT', help: 'what became of them' },
  },
  about: [
    'For what cannot come any more: a process without a spool died with batches in flight, or its disk is lost. Nothing becomes whole by it: the gaps are shown as before, with your words; a gap that opens later alarms again; and what was acknowledged is filled if it comes after all. Exports and `verify` know nothing of it.',
    'The numbers, your words and who you are stand in the log of the tenant `system`.',
  ],
  examples: [
    'producers acknowledge 019bc3a5-0000-7000-8000-00000000abcd --tenant acme --client billing --why "host lost on May 3, ticket OPS-1234"',
    'producers acknowledge 019bc3a5-0000-7000-8000-00000000abcd --tenant acme --client billing --gap 4-5 --gap 9 --why "killed while testing"',
  ],
  async run(args, session) {
    const [tenant, client, why] = [args.id('tenant'), args.id('client'), args.text('why')];
    const producer = args.operand(0);
    if (tenant === undefined || client === undefined || why === undefined)
      throw new UsageError('--tenant, --client and --why are needed');
    if (why.length > maxWhy) throw new UsageError(`--why has ${maxWhy} characters at most`);
    if (!uuidV7Pattern.test(producer)) throw new UsageError(`${producer} is no producer's id`);
    const store = await openStore(session, tenant);
    const key = { client, producer };
    const wanted = args.texts('gap').map(gapOf);
    const gaps = choose(wanted, (await store.find(key)).gaps);
    if (gaps.length === 0) {
      session.out.say('There is no gap that is not acknowledged: nothing was changed.');
      return;
    }
    const shown = gaps.map(textOf);
    const targets = [{ type: 'producer', id: producer }];
    const metadata = { tenant, client, gaps: shown.slice(0, 100), count: shown.length };
    await audited(
      session,
      { action: 'producer.acknowledge', targets, reason: why, metadata },
      async () => {
        await store.acknowledge(key, wanted.length > 0 ? gaps : [spanOf(gaps)], why);
        return { value: undefined };
      },
    );
    session.out.rows(
      shown.map((gap) => ({ tenant, client, producer, gap, why })),
      ['tenant', 'client', 'producer', 'gap', 'why'],
    );
  },
};

const textOf = ({ from, to }: Gap) => (from === to ? String(from) : `${from}-${to}`);

function gapOf(text: string): Gap {
  const [, from = '', to = from] = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(text) ?? [];
  if (from === '') throw new UsageError(`--gap is FROM-TO or one number, not ${text}`);
  return { from: Number(from), to: Number(to) };
}

/** All, or those that are named. Throws a Failure for one that is not there. */
function choose(wanted: readonly Gap[], open: readonly Gap[]): readonly Gap[] {
  if (wanted.length === 0) return open;
  return wanted.map((gap) => {
    const found = open.find(({ from, to }) => from === gap.from && to === gap.to);
    if (found === undefined)
      throw new Failure(
        `there is no open gap ${textOf(gap)}; there are ${open.map(textOf).join(', ') || 'none'}`,
      );
    return found;
  });
}

/** From the first to the last: the numbers between two gaps are there, and no gap can open in them. */
const spanOf = (gaps: readonly Gap[]): Gap => ({
  from: gaps[0]?.from ?? 0,
  to: gaps.at(-1)?.to ?? 0,
});

/** The auditor's table, in which nothing but the acknowledgement is changed. */
async function openStore({ aws, outputs, registry, now }: Session, tenant: string) {
  const producers = createProducers({ client: aws.dynamodb, table: outputs.ProducersTable });
  const retentionDays = (await registry.tenant(tenant))?.retentionDays;
  if (retentionDays === undefined) throw new Failure(`there is no tenant ${tenant}`);

  async function find(key: { readonly client: string; readonly producer: string }) {
    const states = await producers.states(tenant, [key]);
    const found = states.get(producerSortKey(key.client, key.producer));
    if (found === undefined)
      throw new Failure(`${tenant} has no producer ${key.producer} of the client ${key.client}`);
    const { gaps } = judge(found.state, { ...key, retentionDays: retentionDays ?? 0, now: now() });
    return { ...found, gaps: gaps.filter(({ acknowledged }) => acknowledged === undefined) };
  }

  return {
    find,
    /** Throws a Failure if the auditor was quicker each time. */
    async acknowledge(
      key: { readonly client: string; readonly producer: string },
      gaps: readonly Gap[],
      why: string,
    ): Promise<void> {
      for (let tried = 0; tried < tries; tried++) {
        const { state, version } = await find(key);
        const at = now();
        const before = state.acknowledged ?? [];
        const fresh = gaps.filter((gap) => acknowledgedBy(gap, before) === undefined);
        const acknowledged = [...before, ...fresh.map(({ from, to }) => ({ from, to, at, why }))];
        if (acknowledged.length > maxKept)
          throw new Failure(`${maxKept} are kept of a producer: acknowledge all its gaps at once`);
        const next = { ...state, acknowledged };
        const verdict = judge(next, { ...key, retentionDays: retentionDays ?? 0, now: at });
        const expires = Math.ceil(state.lastSeen / 1000) + ((retentionDays ?? 0) + 1) * 86_400;
        const about = { watched: needsWatch(verdict, at), expires };
        const outcome = await producers.saveState(tenant, key, { state: next, version }, about);
        if (outcome === 'saved') return;
      }
      throw new Failure('the auditor changed it at the same time: try again');
    },
  };
}
