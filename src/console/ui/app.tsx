import { useEffect, useState } from 'preact/hooks';
import { readSession, type Session, writeSession } from '../model/session.ts';
import { fromFragment, toFragment } from '../question/params.ts';
import { tabStorage } from './browser.ts';
import { Desk } from './desk.tsx';
import { SignIn } from './sign-in.tsx';

/** A token that came in the address, which is removed from it at once. */
function takeToken(): Session | undefined {
  const { token, ...view } = fromFragment(location.hash);
  if (token === '') return undefined;
  history.replaceState(null, '', location.pathname + toFragment(view));
  return { token, tenant: view.question.tenant };
}

export function App() {
  const [session, setSession] = useState(() => takeToken() ?? readSession(tabStorage));
  const [notice, setNotice] = useState('');

  useEffect(() => writeSession(tabStorage, session), [session]);
  useEffect(() => {
    // A page that embeds this one hands in a new token so, before the old one ends.
    const onHash = () => {
      const next = takeToken();
      if (next !== undefined) setSession(next);
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
  return session === undefined ? (
    <SignIn notice={notice} onEnter={enter} />
  ) : (
    <Desk key={session.token} session={session} onLeave={leave} />
  );
}
