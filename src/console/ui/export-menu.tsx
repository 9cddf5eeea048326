import { useRef, useState } from 'preact/hooks';
import { asProblem } from '../model/event-log.ts';
import { type ExportFormat, exportLog } from '../model/export-log.ts';
import type { Api } from '../page/api.ts';
import type { Question } from '../question/question.ts';
import { save } from './browser.ts';

interface ExportMenuProps {
  readonly api: Api;
  readonly question: Question;
  readonly onSay: (text: string) => void;
}

/** Saves all events of the question, not just those that are loaded. */
export function ExportMenu({ api, question, onSay }: ExportMenuProps) {
  const [bytes, setBytes] = useState<number>();
  const abort = useRef<AbortController>(undefined);

  async function start(format: ExportFormat) {
    const controller = new AbortController();
    abort.current = controller;
    const { signal } = controller;
    setBytes(0);
    try {
      const exported = await exportLog({ api, question, format, onProgress: setBytes, signal });
      save(exported.blob, `events.${format}`);
      onSay(
        exported.isWhole
          ? `Exported ${sizeOf(exported.blob.size)}.`
          : 'Exported the first GiB only: use sealtrail export for more.',
      );
    } catch (error) {
      onSay(signal.aborted ? 'Export stopped.' : `Export failed: ${asProblem(error).message}`);
    }
    setBytes(undefined);
  }

  if (bytes !== undefined)
    return (
      <span class="group">
        <span class="muted">{sizeOf(bytes)}</span>
        <button type="button" onClick={() => abort.current?.abort()}>
          Stop export
        </button>
      </span>
    );
  return (
    <fieldset class="group">
      <legend class="unseen">Export all events of this search</legend>
      <span class="muted" aria-hidden="true">
        Export
      </span>
      <button type="button" title="The exact lines" onClick={() => void start('ndjson')}>
        NDJSON
      </button>
      <button type="button" title="For spreadsheets" onClick={() => void start('csv')}>
        CSV
      </button>
    </fieldset>
  );
}

function sizeOf(bytes: number): string {
  return bytes < 1024 ** 2
    ? `${Math.ceil(bytes / 1024)} KiB`
    : `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}
