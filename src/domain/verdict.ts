import type { ErrorCode } from './error.ts';
import type { Via } from './grant.ts';
import type { LineFault } from './line.ts';

/** What a verifier without any other knowledge trusts. */
export interface Pins {
  /** RFC 7638 thumbprints of the issuer's keys, from somewhere else than what is verified. */
  readonly issuers: ReadonlySet<string>;
  /** The tenant whose log it must be; undefined: whichever the grant names. */
  readonly tenant?: string | undefined;
}

/** What is missing for a proof, while nothing speaks against it. */
export type Doubt = {
  readonly kind: 'incomplete';
  readonly code:
    | 'issuer-unpinned'
    | 'grant-missing'
    | 'member-missing'
    | 'unpackable-here'
    | 'revoked';
  readonly why: string;
};

/** What cannot be what was sealed, or not by whom it is said. */
export type Forgery = {
  readonly kind: 'forged';
  readonly code:
    | ErrorCode
    | 'malformed'
    | 'issuer-other'
    | 'issuer-key-mismatch'
    | 'tenant-other'
    | 'grant-other';
  readonly why: string;
};

/**
 * `intact`: every byte is what that client of that tenant sealed. `incomplete`: nothing is wrong, but something
 * that would prove it is not there. `forged`: it is not what was sealed.
 */
export type Verdict = { readonly kind: 'intact' } | Doubt | Forgery;

/** Where an event stands, as its signatures say. */
interface Place {
  readonly tenant: string;
  readonly client: string;
  /** Who sealed it, as its grant says: `service` is none of the tenant's applications. */
  readonly via: Via;
  readonly producer: string;
  readonly seq: number;
  /** Batch id. */
  readonly batch: string;
  /** Thumbprint of the key that signed the grant. */
  readonly issuer: string;
}

/** A verdict on one event. `place` is there once both signatures hold. */
export type EventVerdict = Verdict & {
  /** UUIDv7, and the time in it, epoch ms; as the line says, where it can be read at all. */
  readonly id?: string;
  readonly time?: number;
  readonly fault?: LineFault;
  readonly place?: Place;
};

export const intact: Verdict = { kind: 'intact' };

export const doubt = (code: Doubt['code'], why: string): Doubt => ({
  kind: 'incomplete',
  code,
  why,
});

export const forged = (code: Forgery['code'], why: string): Forgery => ({
  kind: 'forged',
  code,
  why,
});
