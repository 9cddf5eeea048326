import { useRef, useState } from 'preact/hooks';
import type { Session } from '../model/session.ts';
import { ApiProblem, createApi } from '../page/api.ts';
import { fromFragment } from '../question/params.ts';

interface SignInProps {
  /** Why somebody is here again. */
  readonly notice: string;
  readonly onEnter: (session: Session) => void;
}

/** Asks for a key and tries it, so that a wrong one is told here. */
export function SignIn({ notice, onEnter }: SignInProps) {
  const [problem, setProblem] = useState(notice);
  const [isBusy, setBusy] = useState(false);
  const key = useRef<HTMLInputElement>(null);
  const tenant = useRef<HTMLInputElement>(null);

  async function submit(event: Event) {
    event.preventDefault();
    const session = {
      token: key.current?.value.trim() ?? '',
      tenant: tenant.current?.value.trim() ?? '',
    };
    if (session.token === '') return key.current?.focus();
    setBusy(true);
    try {
      const params = new URLSearchParams({ limit: '1' });
      if (session.tenant !== '') params.set('tenant', session.tenant);
      await createApi(session.token, fetch.bind(window))('/v1/events', { params });
      onEnter(session);
    } catch (error) {
      setProblem(explain(error));
      setBusy(false);
      key.current?.focus();
    }
  }

  return (
    <main class="sign-in">
      <form onSubmit={submit} aria-describedby="sign-in-says">
        <h1>Sealtrail</h1>
        <p id="sign-in-says" class="muted">
          Sign in with an API key that has the scope <code>read</code>, an OIDC token, or a viewer
          token. It is kept in this tab only.
        </p>
        <label for="key">Key or token</label>
        <input
          id="key"
          ref={key}
          type="password"
          autocomplete="off"
          spellcheck={false}
          required
          aria-invalid={problem !== ''}
          aria-describedby="sign-in-problem"
        />
        <label for="tenant">
          Tenant <span class="muted">— only for a key that reads all</span>
        </label>
        <input
          id="tenant"
          ref={tenant}
          type="text"
          autocomplete="off"
          spellcheck={false}
          value={fromFragment(location.hash).question.tenant}
        />
        <p id="sign-in-problem" class="problem" role="alert">
          {problem}
        </p>
        <button type="submit" class="primary" disabled={isBusy}>
          {isBusy ? 'Signing in…' : 'Sign in'}
        </button>
      </form>
    </main>
  );
}

function explain(error: unknown): string {
  if (!(error instanceof ApiProblem)) return 'Something failed in this page.';
  if (error.status === 401) return 'This key or token is not valid, or has ended.';
  return error.message;
}
