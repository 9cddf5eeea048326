/** The limits of format version 1 (FORMAT.md). Bytes, unless the name says otherwise. */
export const limits = {
  /** One event line, without its LF. */
  line: 64 * 1024,
  /** Events in a batch. */
  events: 1000,
  /** Uncompressed body. */
  size: 4 * 1024 * 1024,
  /** The uncompressed body may be this many times the compressed one, plus `ratioSlack`. */
  ratio: 64,
  ratioSlack: 64 * 1024,
  /** A whole record: manifest, LF, body. */
  record: 256 * 1024,
  /** The manifest, a compact JWS. */
  manifest: 4 * 1024,
  /** The text of a proof. */
  proof: 256 * 1024,
  /** Nesting of objects and arrays in an event. */
  depth: 32,
  /** `to − from` of a batch, ms. Readers rely on it to give events in exact order. */
  spanMs: 60_000,
  /** How far `to` may lie ahead of a record's arrival, ms. */
  aheadMs: 5 * 60_000,
  /** An event that arrives later than this after its time is `late`, ms. */
  lateMs: 5 * 60_000,
  /** How long after its grant's end a record may still arrive, ms. */
  graceMs: 15 * 60_000,
} as const;

/** A tenant's or client's id: safe in keys, ARNs, session names and policies. */
export const idPattern = /^[A-Za-z0-9._-]{1,64}$/;

/** The name of a deployment, `iss` of its grants: nothing in it can be written in two ways in JSON. */
export const issuerPattern = /^[A-Za-z0-9._:/-]{1,128}$/;
