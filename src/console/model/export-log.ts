import type { Api } from '../page/api.ts';
import { toParams } from '../question/params.ts';
import type { Question } from '../question/question.ts';

const exportTypes = {
  ndjson: 'application/x-ndjson',
  csv: 'text/csv',
} as const;
export type ExportFormat = keyof typeof exportTypes;

/** A browser keeps a Blob in memory or on its disk; beyond this `sealtrail export` is the better tool. Bytes. */
const maxBytes = 1024 ** 3;

export interface ExportOptions {
  readonly api: Api;
  readonly question: Question;
  readonly format: ExportFormat;
  readonly onProgress: (bytes: number) => void;
  readonly signal: AbortSignal;
}

export interface Exported {
  readonly blob: Blob;
  /** False: it was cut off at 1 GiB. */
  readonly isWhole: boolean;
}

/** Every page of a question as one file; the header of a CSV is on its first page only. */
export async function exportLog(options: ExportOptions): Promise<Exported> {
  const { api, question, format, onProgress, signal } = options;
  const type = exportTypes[format];
  const parts: Blob[] = [];
  let bytes = 0;
  const params = toParams(question);
  params.set('limit', '1000');
  for (let isMore = true; isMore; ) {
    const response = await api('/v1/events', { params, accept: type, signal });
    const part = await response.blob();
    parts.push(part);
    bytes += part.size;
    onProgress(bytes);
    const cursor = nextCursor(response.headers.get('link'));
    isMore = cursor !== undefined;
    if (isMore && bytes > maxBytes) return { blob: new Blob(parts, { type }), isWhole: false };
    params.set('cursor', cursor ?? '');
  }
  return { blob: new Blob(parts, { type }), isWhole: true };
}

/** The cursor of `Link: <…?cursor=…>; rel="next"`. */
export function nextCursor(link: string | null): string | undefined {
  const target = /<([^>]*)>; rel="next"/.exec(link ?? '')?.[1];
  const query = target?.slice(target.indexOf('?') + 1);
  return new URLSearchParams(query ?? '').get('cursor') ?? undefined;
}
