import { useEffect, useState } from 'preact/hooks';
import { asProblem } from '../model/event-log.ts';
import {
  formatRange,
  isOfReads,
  isSound,
  loadProducers,
  type Producer,
  type Producers,
} from '../model/producers.ts';
import type { Api } from '../page/api.ts';
import { formatSpan } from '../text/times.ts';
import { Text } from './text.tsx';

interface ProducersPageProps {
  readonly api: Api;
  readonly tenant: string;
}

/** Who writes the log, and what is missing or doubled in it. */
export function ProducersPage({ api, tenant }: ProducersPageProps) {
  const [found, setFound] = useState<Producers>();
  const [problem, setProblem] = useState('');
  useEffect(() => {
    const abort = new AbortController();
    loadProducers(api, tenant, abort.signal).then(setFound, (error) => {
      if (!abort.signal.aborted) setProblem(asProblem(error).message);
    });
    return () => abort.abort();
  }, [api, tenant]);

  const every = found?.producers ?? [];
  const all = every.filter((each) => !isOfReads(each) || !isSound(each));
  const ofReads = every.length - all.length;
  const unsound = all.filter((each) => !isSound(each)).length;
  return (
    <main class="producers">
      <h2>Producers</h2>
      <p class="muted" role="status">
        {found === undefined
          ? 'Loading…'
          : `${all.length} producers${found.isWhole ? '' : ' (the first)'}, ${unsound} of them with gaps or forks, as the auditor saw them a minute or two ago.${ofReads === 0 ? '' : ` Not shown: ${ofReads} sound ones that record reads.`}`}
      </p>
      {problem !== '' && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it */}
      <section class="scrolls" aria-label="Table of producers" tabIndex={0}>
        <table>
          <thead>
            <tr>
              {['State', 'Client', 'Last seen', 'Head', 'Missing batches', 'Forks', 'Producer'].map(
                (name) => (
                  <th key={name} scope="col">
                    {name}
                  </th>
                ),
              )}
            </tr>
          </thead>
          <tbody>
            {all.map((producer) => (
              <ProducerRow key={producer.client + producer.producer} producer={producer} />
            ))}
          </tbody>
        </table>
      </section>
    </main>
  );
}

function ProducerRow({ producer: each }: { readonly producer: Producer }) {
  const { client, producer, status, head, gaps, unlistedGaps, forks, moreForks, lastSeen } = each;
  const missing = [
    ...gaps.map((gap) => `${formatRange(gap)}${gap.acknowledged ? ' (acknowledged)' : ''}`),
    ...(unlistedGaps === undefined ? [] : [`and ${unlistedGaps.count} more`]),
  ];
  return (
    <tr class={isSound(each) ? '' : 'unsound'}>
      <td>
        <span class={`state ${isSound(each) ? 'sound' : 'bad'}`}>{status}</span>
      </td>
      <td>
        <Text>{client}</Text>
      </td>
      <td title={lastSeen}>{formatSpan(Date.now() - Date.parse(lastSeen))} ago</td>
      <td class="number">{head?.seq ?? '–'}</td>
      <td>{missing.join(', ') || 'none'}</td>
      <td>{forks.length === 0 ? 'none' : `${forks.join(', ')}${moreForks ? ' and more' : ''}`}</td>
      <td class="code">{producer}</td>
    </tr>
  );
}
