import { fromBase64url } from '../proof/bytes.ts';
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

/**
 * What becomes of a token that came in the address. Whoever makes a link chooses it, so it may not replace a session
 * unasked: the reader would look at another's log and take it for its own. In a frame the page around it decides, which
 * only the stack's own settings let frame this one.
 */
export function fateOf(
  offered: Session,
  { current, isFramed }: { readonly current: Session | undefined; readonly isFramed: boolean },
): 'take' | 'ask' {
  return isFramed || current === undefined || current.token === offered.token ? 'take' : 'ask';
}

/** The tenant that a viewer token says it is for; '' if it says none. The service has not verified it yet. */
export function tenantIn(token: string): string {
  try {
    const [body = ''] = token.replace(/^stv_/, '').split('.');
    const { tenant } = Object(JSON.parse(new TextDecoder().decode(fromBase64url(body))));
    return typeof tenant === 'string' ? tenant.slice(0, 64) : '';
  } catch {
    return '';
  }
}
