/** As localStorage: it may be missing, or throw, in a frame of another site. */
export interface Kept {
  getItem(name: string): string | null;
  setItem(name: string, value: string): void;
}

const place = 'sealtrail.pinned-issuers';
const form = /^[A-Za-z0-9_-]{43}$/;

/** Thumbprints of the issuer's keys that somebody pinned in this browser. */
export function readPins(storage: Kept | undefined): ReadonlySet<string> {
  try {
    return new Set((storage?.getItem(place) ?? '').split(' ').filter((text) => form.test(text)));
  } catch {
    return new Set();
  }
}

/** False if this browser keeps nothing. */
export function writePins(storage: Kept | undefined, pins: Iterable<string>): boolean {
  try {
    storage?.setItem(place, [...pins].join(' '));
    return storage !== undefined;
  } catch {
    return false;
  }
}
