import type { Kept } from '../proof/pins.ts';

/** Even to name them throws where a frame of another site may keep nothing. */
function orNone(storage: () => Kept): Kept | undefined {
  try {
    return storage();
  } catch {
    return undefined;
  }
}

/** Of this tab. */
export const tabStorage = orNone(() => sessionStorage);
/** Of this browser: preferences and pinned keys, never a secret. */
export const ownStorage = orNone(() => localStorage);

/** Whether this page is shown within another one. */
export const isFramed = window.self !== window.top;

export function readChoice<T extends string>(name: string, choices: readonly T[], preset: T): T {
  const kept = (() => {
    try {
      return ownStorage?.getItem(`sealtrail.${name}`);
    } catch {
      return undefined;
    }
  })();
  return choices.find((choice) => choice === kept) ?? preset;
}

export function keepChoice(name: string, choice: string): void {
  try {
    ownStorage?.setItem(`sealtrail.${name}`, choice);
  } catch {
    // then it lasts as long as the page
  }
}

/** Cancelable, for what waits. */
export function after(ms: number, call: () => void): () => void {
  const timer = setTimeout(call, ms);
  return () => clearTimeout(timer);
}

/** Saves a file, as if somebody had followed a link to it. */
export function save(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  after(60_000, () => URL.revokeObjectURL(link.href));
}
