import type { Internals } from './internals.ts';
import type { Settings } from './options.ts';
import { MemoryPipeline, type Pipeline } from './pipeline.ts';
import { systemFiles } from './spool/files.ts';
import { type SpooledDeps, SpooledPipeline } from './spool/spooled-pipeline.ts';

/** In memory, or over a spool if the settings name one. Throws `spool-locked` and `spool-failed`. */
export function makePipeline(
  settings: Settings,
  { files = systemFiles }: Pick<Internals, 'files'>,
  deps: Omit<SpooledDeps, 'files'>,
): Pipeline {
  const { spool } = settings;
  return spool === undefined
    ? new MemoryPipeline(settings, deps, deps.onBatch)
    : new SpooledPipeline({ ...settings, spool }, { ...deps, files });
}
