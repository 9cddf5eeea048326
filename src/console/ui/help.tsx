import { useLayoutEffect, useRef } from 'preact/hooks';

const keys = [
  ['/', 'Search'],
  ['j  k', 'Next, previous event'],
  ['Enter', 'Open the event'],
  ['Esc', 'Close the event, or leave the search box'],
  ['t', 'Follow new events, or pause'],
  ['?', 'This list'],
] as const;

export function Help({ onClose }: { readonly onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} aria-labelledby="help-title" onClose={onClose}>
      <h2 id="help-title">Keys and search</h2>
      <dl class="keys">
        {keys.map(([key, does]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <p>
        A search is words such as <code>actor:user_7</code>, <code>action:invoice.refunded</code>,{' '}
        <code>target:invoice:inv_7</code>, <code>outcome:denied</code>, <code>ip:198.51.100.7</code>
        , <code>correlation:…</code>, <code>metadata.plan:team</code>, <code>late</code>,{' '}
        <code>from:-24h</code>, <code>to:2026-01-31</code>. Several of one name are alternatives;
        names are combined. Anything else is text that the line holds. Quote what has spaces:{' '}
        <code>"needs a review"</code>.
      </p>
      <form method="dialog">
        <button type="submit" class="primary">
          Close
        </button>
      </form>
    </dialog>
  );
}
