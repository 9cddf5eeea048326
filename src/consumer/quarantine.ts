import { sha256 } from '../domain/encoding.ts';
import { nobodysPrefix, tenantPrefix } from '../store/quarantine-keys.ts';
import { dayPath, lineOf, type SetAside } from './set-aside.ts';

/** Writes an object unless there is one of this key; it is durable when this resolves, whoever wrote it. */
export type PutNew = (key: string, body: string) => Promise<'created' | 'present'>;

/** `created`: by this call. `present`: a copy of it is kept already. `failed`: not known to be kept; try again. */
type Kept = 'created' | 'present' | 'failed';

/** Keeps records for good, each once a day, and answers what became of each, in order. Does not throw. */
export type Quarantine = (
  records: readonly SetAside[],
  onFailure: (error: unknown) => void,
) => Promise<Kept[]>;

export interface QuarantineOptions {
  readonly put: PutNew;
  /** Epoch ms. */
  readonly now: () => number;
}

/** Objects that are written at once. */
const atOnce = 16;
/**
 * Keys that this container has seen kept, for how long, ms: a flood of the same bytes costs no call. Should an operator
 * discard the object meanwhile, its version is still in the bucket, and the next copy after this is kept again.
 */
const maxRemembered = 10_000;
const rememberedMs = 600_000;

/**
 * The records that can never be accepted, an object each. Any client of any tenant can send the same bytes a
 * million times, so an object's key is made of what is in it, and is written once:
 *
 * - `nobody/<day>/<SHA-256 of the record>`, while nothing proves whose it is;
 * - `tenant-<id>/<day>/<SHA-256 of the manifest>`, once signature and root do. The manifest tells all that was signed;
 *   the body could be packed in many ways, by others too.
 *
 * Two that come at once are one object with a count (`copies`). A redriven record that fails again is an object of its
 * own, since the one that it was redriven from is about to be removed.
 */
export function createQuarantine({ put, now }: QuarantineOptions): Quarantine {
  const known = new Map<string, number>();

  const remember = (key: string): void => {
    const [oldest] = known.keys();
    if (known.size >= maxRemembered && oldest !== undefined) known.delete(oldest);
    known.set(key, now() + rememberedMs);
  };

  const keep = async (key: string, copies: readonly SetAside[]): Promise<'created' | 'present'> => {
    if ((known.get(key) ?? 0) > now()) return 'present';
    known.delete(key);
    const [first] = copies as [SetAside];
    const kept = await put(key, lineOf(first, copies.length));
    // What is redriven leaves the place where it lay: only the bucket knows then.
    if (first.arrived.attempts === undefined) remember(key);
    return kept;
  };

  return async (records, onFailure) => {
    const groups = [...Map.groupBy(records, keyOf)];
    const kept = new Map<SetAside, Kept>();
    let next = 0;
    let hasFailed = false;
    const work = async () => {
      // Where one fails the others would: they are tried when all come again.
      for (let group = groups[next++]; group !== undefined && !hasFailed; group = groups[next++]) {
        const [key, copies] = group;
        try {
          const how = await keep(key, copies);
          for (const [i, copy] of copies.entries()) kept.set(copy, i === 0 ? how : 'present');
        } catch (error) {
          if (!hasFailed) onFailure(error);
          hasFailed = true;
        }
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    return records.map((record) => kept.get(record) ?? 'failed');
  };
}

function keyOf({ arrived, tenant }: SetAside): string {
  const { data, attempts } = arrived;
  const proved = tenant === undefined ? data : data.subarray(0, data.indexOf(0x0a));
  const prefix = tenant === undefined ? nobodysPrefix : tenantPrefix(tenant);
  const again = attempts === undefined ? '' : `-redriven-${attempts}`;
  return `${prefix}${dayPath(arrived)}/${sha256(proved).toString('hex')}${again}.ndjson`;
}
