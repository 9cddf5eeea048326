declare module 'dynalite' {
  import type { Server } from 'node:http';

  /** A DynamoDB in pure JavaScript; the server is not yet listening. */
  export default function dynalite(options: {
    /** How long a table stays in each state, milliseconds. */
    readonly createTableMs: number;
    readonly deleteTableMs: number;
    readonly updateTableMs: number;
    readonly maxItemSizeKb: number;
  }): Server;
}
