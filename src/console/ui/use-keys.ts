import { useEffect, useRef } from 'preact/hooks';

export interface Keys {
  readonly search: () => void;
  /** Rows down, or up if negative. */
  readonly move: (by: number) => void;
  readonly open: () => void;
  readonly close: () => void;
  readonly tail: () => void;
  readonly help: () => void;
}

const page = 20;

/** What a key does, unless somebody is typing, or a control has its own use for it. */
export function useKeys(keys: Keys): void {
  const now = useRef(keys);
  now.current = keys;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      const target = event.target instanceof Element ? event.target : undefined;
      if (target?.closest('dialog')) return;
      if (target?.matches('input, select, textarea')) {
        if (event.key === 'Escape' && target instanceof HTMLElement) target.blur();
        return;
      }
      const isGrid = target?.matches('[role=grid], body') ?? false;
      const action = actions(now.current, isGrid)[event.key];
      if (action === undefined) return;
      event.preventDefault();
      action();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
}

function actions(keys: Keys, isGrid: boolean): Readonly<Record<string, () => void>> {
  const { search, move, open, close, tail, help } = keys;
  const everywhere = {
    '/': search,
    j: () => move(1),
    k: () => move(-1),
    t: tail,
    '?': help,
    Escape: close,
  };
  const inGrid = {
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    PageDown: () => move(page),
    PageUp: () => move(-page),
    Home: () => move(Number.NEGATIVE_INFINITY),
    End: () => move(Number.POSITIVE_INFINITY),
    Enter: open,
  };
  return isGrid ? { ...everywhere, ...inGrid } : everywhere;
}
