import { readFile } from 'node:fs/promises';
import type { Plugin } from 'esbuild';
import type { Plant } from './plan.ts';

interface Mutant {
  /** The end of the file's path. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** Errors that are planted by changing the client's source as the child is bundled. */
const mutants: Partial<Record<Plant, Mutant>> = {
  'release-too-soon': {
    file: 'spool/log.ts',
    from: 'const settle = () => this.#writer.release();',
    to: 'const settle = () => {}; this.state.outstanding.delete(keyOf({ producer, seq })); this.#writer.release();',
  },
  'cut-at-damage': {
    file: 'spool/segment-scan.ts',
    from: 'findFrame(window, at + 1) ??',
    to: '(undefined as number | undefined) ??',
  },
  'lock-is-believed': {
    file: 'spool/lock.ts',
    from: 'if (lost === undefined && !isReleased && isOurs(path, ino)) return;',
    to: 'if (path !== "") return;',
  },
  'any-tenant': {
    file: 'client/credentials.ts',
    from: 'const foreign = problemOfOwner(',
    to: 'const foreign = undefined; problemOfOwner(',
  },
  'waits-without-bound': {
    file: 'spool/admission.ts',
    from: 'if (mustReject || isFull) return false;',
    to: 'if (mustReject) return false;',
  },
  'wall-clock': {
    file: 'client/make-entry.ts',
    from: 'now: serverClock.now(), synced',
    to: 'now: clock.now(), synced',
  },
};

/** Plants the error; fails if the source has no such place any more, as a check that cannot fail is none. */
export function planted(plant: Plant | undefined): Plugin[] {
  const mutant = plant === undefined ? undefined : mutants[plant];
  if (mutant === undefined) return [];
  return [
    {
      name: 'planted',
      setup(build) {
        build.onLoad({ filter: /src\/client\/.*\.ts$/ }, async ({ path }) => {
          const source = await readFile(path, 'utf8');
          if (!path.endsWith(mutant.file)) return undefined;
          if (!source.includes(mutant.from)) throw new Error(`${plant}: not found in ${path}`);
          return { contents: source.replace(mutant.from, mutant.to), loader: 'ts' };
        });
      },
    },
  ];
}
