import type { RefObject } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { bytesOf } from '../model/check-event.ts';
import type { Api } from '../page/api.ts';
import { type Item, parseItem } from '../page/row.ts';
import { lineOf } from '../page/split-page.ts';
import type { Chip } from '../question/question.ts';
import { shownChanges } from '../text/changes.ts';
import { type JsonTree, member, parseTree } from '../text/json-tree.ts';
import { formatSpan, formatTime, type Zone } from '../text/times.ts';
import { Diff } from './diff.tsx';
import { Fields, Metadata } from './fields.tsx';
import { JsonView } from './json-view.tsx';
import { ProofBadge } from './proof-badge.tsx';
import { Text } from './text.tsx';

interface DetailProps {
  /** As the API gave it. */
  readonly item: string;
  readonly api: Api;
  readonly tenant: string;
  readonly zone: Zone;
  readonly heading: RefObject<HTMLHeadingElement | null>;
  readonly onFilter: (chip: Chip) => void;
  readonly onClose: () => void;
}

/** All that there is to know of one event. */
export function Detail({ item, api, tenant, zone, heading, onFilter, onClose }: DetailProps) {
  const said = useMemo(() => parseItem(item), [item]);
  const line = useMemo(() => lineOf(item), [item]);
  const tree = useMemo(() => (line === undefined ? undefined : parseTree(line)), [line]);
  const changes = useMemo(() => shownChanges(tree), [tree]);
  const time = Date.parse('event' in said ? said.event.time : said.time);
  const title = 'event' in said ? said.event.action : 'A line that is no valid event';

  return (
    <aside class="detail" aria-label="Event">
      <header>
        <h2 ref={heading} tabIndex={-1}>
          <Text>{title}</Text>
        </h2>
        <button type="button" class="plain" aria-label="Close the event" onClick={onClose}>
          ×
        </button>
      </header>
      <p class="when">
        {formatTime(time, zone)} {zone === 'utc' ? 'UTC' : 'local time'}
        <span class="muted"> · received {delayOf(Date.parse(said.received) - time)}</span>
        {said.late && <span class="flag">late</span>}
        {said.revoked === true && <span class="flag bad">revoked grant</span>}
      </p>
      {/* A badge of one event is not to be seen beside another. */}
      <ProofBadge key={item} item={item} api={api} tenant={tenant} />
      {'event' in said ? (
        <Fields event={said.event} onFilter={onFilter} />
      ) : (
        <p class="problem">
          Kept as it came, and shown escaped: {said.faults.join(', ')}. Its batch is signed, its
          content is not what an event may be.
        </p>
      )}
      {changes.length > 0 && (
        <section aria-label="Changes">
          <h3>Changes</h3>
          {changes.map((change) => (
            <Diff key={change.path} change={change} />
          ))}
        </section>
      )}
      <Metadata tree={member(tree, 'metadata')} onFilter={onFilter} />
      <Sealed said={said} />
      <Line
        text={'event' in said ? (line ?? '') : said.text}
        tree={tree}
        bytes={bytesOf(item, said).length}
      />
    </aside>
  );
}

function delayOf(ms: number): string {
  return ms < 1000 ? 'within a second' : `${formatSpan(ms)} later`;
}

/** What the service says beside the event. */
function Sealed({ said }: { readonly said: Item }) {
  const { client, producer, seq, batch, received } = said;
  const id = 'event' in said ? said.event.id : said.id;
  const rows = [
    ['Event id', id],
    ['Received', received],
    ['Client', client],
    ['Producer', producer],
    ['Batch', `${seq} · ${batch}`],
  ] as const;
  return (
    <section aria-label="Sealed">
      <h3>Sealed</h3>
      <dl>
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd class="code">
              <Text>{value}</Text>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

interface LineProps {
  readonly text: string;
  readonly tree: JsonTree | undefined;
  readonly bytes: number;
}

function Line({ text, tree, bytes }: LineProps) {
  const [isRaw, setRaw] = useState(false);
  const isPretty = tree !== undefined && !isRaw;
  return (
    <section aria-label="Line">
      <header class="line-head">
        <h3>
          Line <span class="muted">{bytes.toLocaleString('en')} bytes</span>
        </h3>
        {tree !== undefined && (
          <button type="button" class="plain" aria-pressed={isRaw} onClick={() => setRaw(!isRaw)}>
            Exact bytes
          </button>
        )}
        <button
          type="button"
          class="plain"
          onClick={() => void navigator.clipboard?.writeText(text).catch(() => {})}
        >
          Copy
        </button>
      </header>
      {/* It scrolls, so the keyboard must reach it. */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: see above */}
      <pre tabIndex={0} class={isPretty ? '' : 'raw'}>
        {isPretty ? <JsonView tree={tree} /> : <Text>{text}</Text>}
      </pre>
    </section>
  );
}
