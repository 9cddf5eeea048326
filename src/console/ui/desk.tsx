import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { isViewer, type Session } from '../model/session.ts';
import { createApi } from '../page/api.ts';
import { fromFragment, toFragment, type View } from '../question/params.ts';
import type { Zone } from '../text/times.ts';
import { keepChoice, readChoice } from './browser.ts';
import { EventsPage } from './events-page.tsx';
import { Help } from './help.tsx';
import { ProducersPage } from './producers-page.tsx';
import { useTheme } from './theme.ts';
import { TopBar } from './top-bar.tsx';

interface DeskProps {
  readonly session: Session;
  /** Signs out, with the reason if it is not the user's wish. */
  readonly onLeave: (why: string) => void;
}

const zones = ['utc', 'local'] as const;

function viewOf(session: Session): View {
  const { token: _, ...view } = fromFragment(location.hash);
  const tenant = view.question.tenant || session.tenant;
  return { ...view, question: { ...view.question, tenant } };
}

/** Everything behind the sign-in. The address always names what is seen. */
export function Desk({ session, onLeave }: DeskProps) {
  const [view, setView] = useState(() => viewOf(session));
  const [zone, setZone] = useState<Zone>(() => readChoice('zone', zones, 'utc'));
  const [theme, setTheme] = useTheme();
  const [isHelp, setHelp] = useState(false);
  /** Whose log the service says that this is. */
  const [owner, setOwner] = useState('');
  const own = useRef('');

  const api = useMemo(() => {
    const ask = createApi(session.token, fetch.bind(window));
    return async (...args: Parameters<typeof ask>) => {
      try {
        const answer = await ask(...args);
        setOwner((known) => answer.headers.get('sealtrail-tenant') ?? known);
        return answer;
      } catch (error) {
        if (Object(error).status === 401)
          onLeave('This key or token is not valid any more. Sign in again.');
        throw error;
      }
    };
  }, [session.token]);

  useEffect(() => {
    const hash = toFragment(view);
    own.current = hash;
    if (hash !== location.hash) history.pushState(null, '', location.pathname + hash);
  }, [view]);
  useEffect(() => {
    const onMove = () => {
      // A token in it is taken, and removed, by the app: to show this view first would leave it in the history.
      const { token } = fromFragment(location.hash);
      if (token === '' && location.hash !== own.current) setView(viewOf(session));
    };
    addEventListener('popstate', onMove);
    addEventListener('hashchange', onMove);
    return () => {
      removeEventListener('popstate', onMove);
      removeEventListener('hashchange', onMove);
    };
  }, [session]);

  const change = useCallback((part: Partial<View>) => setView((now) => ({ ...now, ...part })), []);
  const showHelp = useCallback(() => setHelp(true), []);
  return (
    <div class="desk">
      <TopBar
        page={view.page}
        hasProducers={!isViewer(session)}
        tenant={view.question.tenant || owner}
        zone={zone}
        theme={theme}
        onPage={(page) => change({ page, event: '' })}
        onZone={(next) => {
          keepChoice('zone', next);
          setZone(next);
        }}
        onTheme={setTheme}
        onHelp={showHelp}
        onLeave={() => onLeave('')}
      />
      {view.page === 'producers' && !isViewer(session) ? (
        <ProducersPage api={api} tenant={view.question.tenant} />
      ) : (
        <EventsPage api={api} view={view} zone={zone} onView={change} onHelp={showHelp} />
      )}
      {isHelp && <Help onClose={() => setHelp(false)} />}
    </div>
  );
}
