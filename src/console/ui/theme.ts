import { useEffect, useState } from 'preact/hooks';
import { keepChoice, readChoice } from './browser.ts';

const themes = ['system', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

/** What the user chose; `system` follows prefers-color-scheme. */
export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState<Theme>(() => readChoice('theme', themes, 'system'));
  useEffect(() => {
    if (theme === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = theme;
  }, [theme]);
  return [
    theme,
    (next) => {
      keepChoice('theme', next);
      setTheme(next);
    },
  ];
}
