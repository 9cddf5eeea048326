import { useEffect, useState } from 'preact/hooks';
import { fateOf, readSession, type Session, writeSession } from '../model/session.ts';
import { fromFragment, toFragment } from '../question/params.ts';
import { isFramed, tabStorage } from './browser.ts';
import { Desk } from './desk.tsx';
import { SignIn } from './sign-in.tsx';
import { TokenOffer } from './token-offer.tsx';

/** A token that came in the address, which is removed from it at once. */
function takeToken(): Session | undefined {
  const { token, ...view } = fromFragment(location.hash);
  if (token === '') return undefined;
  history.replaceState(null, '', location.pathname + toFragment(view));
  return { token, tenant: view.question.tenant };
}

/** The session at the start, and what the address offers instead of it. */
function begin(): { readonly session: Session | undefined; readonly offered?: Session } {
  const offered = takeToken();
  const current = readSession(tabStorage);
  if (offered === undefined) return { session: current };
  return fateOf(offered, { current, isFramed }) === 'take'
    ? { session: offered }
    : { session: current, offered };
}

export function App() {
  const [{ session, offered }, setState] = useState(begin);
  const [notice, setNotice] = useState('');
  const setSession = (next: Session | undefined) => setState({ session: next });

  useEffect(() => writeSession(tabStorage, session), [session]);
  useEffect(() => {
    // A page that embeds this one hands in a new token so, before the old one ends.
    const onHash = () => {
      const next = takeToken();
      if (next === undefined) return;
      setState((now) =>
        fateOf(next, { current: now.session, isFramed }) === 'take'
          ? { session: next }
          : { session: now.session, offered: next },
      );
    };
    addEventListener('hashchange', onHash);
    return () => removeEventListener('hashchange', onHash);
  }, []);

  const enter = (next: Session) => {
    setNotice('');
    setSession(next);
  };
  const leave = (why: string) => {
    setNotice(why);
    setSession(undefined);
  };
  if (offered !== undefined)
    return (
      <TokenOffer
        offered={offered}
        onKeep={() => setSession(session)}
        onTake={() => enter(offered)}
      />
    );
  return session === undefined ? (
    <SignIn notice={notice} onEnter={enter} />
  ) : (
    <Desk key={session.token} session={session} onLeave={leave} />
  );
}
