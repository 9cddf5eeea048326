import { useEffect, useState } from 'preact/hooks';
import { type Check, checkEvent } from '../model/check-event.ts';
import { asProblem } from '../model/event-log.ts';
import type { Api } from '../page/api.ts';
import { readPins, writePins } from '../proof/pins.ts';
import type { ProofVerdict, Step } from '../proof/verify-proof.ts';
import { ownStorage, save } from './browser.ts';
import { Text } from './text.tsx';

interface ProofBadgeProps {
  readonly item: string;
  readonly api: Api;
  readonly tenant: string;
}

type Shown =
  | Check
  | { readonly kind: 'checking' }
  | { readonly kind: 'failed'; readonly why: string };

/** Verifies the event here, and tells what that proves, and what not. */
export function ProofBadge({ item, api, tenant }: ProofBadgeProps) {
  const [shown, setShown] = useState<Shown>({ kind: 'checking' });
  const [tries, setTries] = useState(0);
  const [pinned, setPinned] = useState(() => readPins(ownStorage));

  useEffect(() => {
    const abort = new AbortController();
    checkEvent(item, { api, tenant, pinned, signal: abort.signal }).then(
      (check) => !abort.signal.aborted && setShown(check),
      (error) =>
        !abort.signal.aborted && setShown({ kind: 'failed', why: asProblem(error).message }),
    );
    return () => abort.abort();
  }, [item, api, tenant, pinned, tries]);

  const pin = (pins: ReadonlySet<string>) => {
    writePins(ownStorage, pins);
    setPinned(pins);
  };
  if (shown.kind !== 'checked')
    return (
      <p class="proof plain-proof" role="status">
        {sayingOf(shown)}
        {shown.kind === 'failed' && (
          <button type="button" class="plain" onClick={() => setTries(tries + 1)}>
            Try again
          </button>
        )}
      </p>
    );
  return <Checked verdict={shown.verdict} proof={shown.proof} pinned={pinned} onPin={pin} />;
}

function sayingOf(shown: Exclude<Shown, { readonly kind: 'checked' }>): string {
  switch (shown.kind) {
    case 'checking':
      return 'Verifying in this browser…';
    case 'browser-cannot':
      return 'Not verified: this browser cannot check Ed25519 signatures here (an old one, or a page that did not come over https). Use: sealtrail verify.';
    case 'no-proofs':
      return 'Not verified: this deployment gives no proof of this event.';
    case 'failed':
      return `Not verified: ${shown.why}`;
  }
}

const titles = {
  intact: 'Verified in this browser',
  incomplete: 'Signatures hold; the issuer’s key is not pinned',
  forged: 'Forged: this is not what was sealed',
} as const;

const marks = { holds: '✓', fails: '✗', open: '?' } as const;
const stepNames: Readonly<Record<Step['name'], string>> = {
  bytes: 'Bytes',
  tree: 'Merkle path',
  manifest: 'Batch',
  grant: 'Grant',
  issuer: 'Issuer',
  revocation: 'Revocation',
};

interface CheckedProps {
  readonly verdict: ProofVerdict;
  readonly proof: unknown;
  readonly pinned: ReadonlySet<string>;
  readonly onPin: (pins: ReadonlySet<string>) => void;
}

function Checked({ verdict, proof, pinned, onPin }: CheckedProps) {
  const { kind, steps, issuer } = verdict;
  return (
    <details class={`proof ${kind}`} open={kind === 'forged'}>
      <summary>
        <span role="status">{titleOf(verdict)}</span>
      </summary>
      <ol>
        {steps.map(({ name, state, says }) => (
          <li key={name} class={state}>
            <span aria-hidden="true">{marks[state]}</span> <b>{stepNames[name]}</b>{' '}
            <Text>{says}</Text>
          </li>
        ))}
      </ol>
      <p class="muted">
        Not proved here: that no other event was left out, when it arrived, and that this page
        itself is honest, since the service served it. <code>sealtrail verify</code> checks the same
        proof with a program of your own.
      </p>
      <p class="buttons">
        {issuer !== undefined && !pinned.has(issuer) && (
          <button type="button" onClick={() => onPin(new Set([...pinned, issuer]))}>
            Pin this issuer’s key
          </button>
        )}
        {issuer !== undefined && pinned.has(issuer) && (
          <button
            type="button"
            onClick={() => onPin(new Set([...pinned].filter((each) => each !== issuer)))}
          >
            Unpin
          </button>
        )}
        <button
          type="button"
          onClick={() =>
            save(new Blob([JSON.stringify(proof)], { type: 'application/json' }), 'proof.json')
          }
        >
          Save the proof
        </button>
      </p>
    </details>
  );
}

/** `incomplete` by more than an unpinned key is told by its steps. */
function titleOf({ kind, steps }: ProofVerdict): string {
  const isOnlyUnpinned = steps.every(({ name, state }) => state !== 'open' || name === 'issuer');
  if (kind === 'incomplete' && !isOnlyUnpinned) return 'Signatures hold; something is open';
  const other = steps.find(({ name, state }) => name === 'issuer' && state === 'fails');
  return kind === 'forged' && other !== undefined && steps.length > 4
    ? 'Not by the issuer’s key that is pinned'
    : titles[kind];
}
