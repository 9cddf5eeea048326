import type { Kept } from '../proof/pins.ts';

/** Who reads, and with what. Kept for this tab only, never in an address. */
export interface Session {
  readonly token: string;
  /** Named at the sign-in; '' for the key's own. */
  readonly tenant: string;
}

const place = 'sealtrail.session';

export function readSession(storage: Kept | undefined): Session | undefined {
  try {
    const { token, tenant } = Object(JSON.parse(storage?.getItem(place) ?? 'null'));
    return typeof token === 'string' && token !== ''
      ? { token, tenant: typeof tenant === 'string' ? tenant : '' }
      : undefined;
  } catch {
    return undefined; // where storage is forbidden, a session ends with its page
  }
}

export function writeSession(storage: Kept | undefined, session: Session | undefined): void {
  try {
    storage?.setItem(place, JSON.stringify(session ?? null));
  } catch {
    // see readSession
  }
}

/** A viewer token reads events and counts, not who produces them. */
export function isViewer({ token }: Session): boolean {
  return token.startsWith('stv_');
}
