import type { View } from '../question/params.ts';
import type { Zone } from '../text/times.ts';
import { Text } from './text.tsx';
import type { Theme } from './theme.ts';

interface TopBarProps {
  readonly page: View['page'];
  readonly hasProducers: boolean;
  readonly tenant: string;
  readonly zone: Zone;
  readonly theme: Theme;
  readonly onPage: (page: View['page']) => void;
  readonly onZone: (zone: Zone) => void;
  readonly onTheme: (theme: Theme) => void;
  readonly onHelp: () => void;
  readonly onLeave: () => void;
}

const nextTheme: Readonly<Record<Theme, Theme>> = {
  system: 'light',
  light: 'dark',
  dark: 'system',
};

export function TopBar(props: TopBarProps) {
  const { page, hasProducers, tenant, zone, theme, onPage, onZone, onTheme, onHelp, onLeave } =
    props;
  return (
    <header class="top">
      <h1>Sealtrail</h1>
      {tenant !== '' && (
        <span class="tenant" title="Whose log is shown">
          <Text>{tenant}</Text>
        </span>
      )}
      {hasProducers && (
        <nav aria-label="Pages">
          {(['events', 'producers'] as const).map((each) => (
            <button
              key={each}
              type="button"
              class="tab"
              aria-current={page === each ? 'page' : undefined}
              onClick={() => onPage(each)}
            >
              {each === 'events' ? 'Events' : 'Producers'}
            </button>
          ))}
        </nav>
      )}
      <span class="gap" />
      <button
        type="button"
        class="plain"
        title="Time zone of what is shown"
        onClick={() => onZone(zone === 'utc' ? 'local' : 'utc')}
      >
        {zone === 'utc' ? 'UTC' : 'Local time'}
      </button>
      <button
        type="button"
        class="plain"
        title="Light, dark, or as the system has it"
        onClick={() => onTheme(nextTheme[theme])}
      >
        Theme: {theme}
      </button>
      <button type="button" class="plain" onClick={onHelp}>
        Help
      </button>
      <button type="button" class="plain" onClick={onLeave}>
        Sign out
      </button>
    </header>
  );
}
