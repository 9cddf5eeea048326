import { batchEntry, endEntry, grantEntry, headEntry, readBundle } from '../../domain/bundle.ts';
import { fromTime, sha256, toTime } from '../../domain/encoding.ts';
import { parseManifest } from '../../domain/manifest.ts';
import { Failure } from '../failure.ts';
import { type Asked, type ExportPage, firstPath } from './export-page.ts';

/**
 * The pages of a bundle: its head, then grants and batches as the API gives them, each grant once (and once more when it is revoked meanwhile), so that where
 * pages end makes no difference to the file.
 */
export async function* batchPages(asked: Asked): AsyncGenerator<ExportPage> {
  const first = firstPath('/v1/batches', asked);
  let isFirst = asked.next === undefined;
  for (let path: string | undefined = asked.next ?? first; path !== undefined; ) {
    const { bytes, next, holes } = await asked.get(path, 'application/vnd.sealtrail.bundle');
    const page = await readPage(bytes, asked.grants);
    const parts = isFirst ? [headOf(asked), ...page.parts] : page.parts;
    isFirst = false;
    yield {
      bytes: Buffer.concat(parts),
      events: page.events,
      batches: page.batches,
      holes: holes.length,
      at: page.at,
      next,
      // A verifier then finds fewer batches than there were, and calls the bundle incomplete.
      end: (totals) => endEntry({ batches: totals.batches + totals.holes }),
    };
    path = next;
  }
}

function headOf({ tenant, from, to, began }: Asked): Buffer {
  const named = tenant === undefined ? {} : { tenant };
  return headEntry({ sealtrail: 'bundle', v: 1, ...named, from, to, asOf: toTime(began) });
}

/** Takes a page apart, and leaves out grants that the file holds, unless one was revoked since. Throws a Failure for one that is not whole. */
async function readPage(bytes: Buffer, grants: Set<string>) {
  const page = {
    parts: [] as Buffer[],
    events: 0,
    batches: 0,
    at: undefined as number | undefined,
  };
  for await (const entry of readBundle(once(bytes))) {
    if (entry.kind === 'grant') {
      const mark = sha256(`${entry.grant.grant} ${entry.grant.revokedAt}`).toString(
        'base64url',
        0,
        12,
      );
      if (!grants.has(mark)) page.parts.push(grantEntry(entry.grant));
      grants.add(mark);
    } else if (entry.kind === 'batch') {
      const { record } = entry.batch;
      const { manifest } = parseManifest(record.toString('latin1', 0, record.indexOf(0x0a)));
      page.parts.push(batchEntry(entry.batch));
      page.batches += 1;
      page.events += manifest.count;
      page.at = fromTime(manifest.to);
    } else throw new Failure('the API gave a page of batches that is not one');
  }
  return page;
}

async function* once(bytes: Buffer) {
  yield bytes;
}
