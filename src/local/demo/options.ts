import { parseArgs } from 'node:util';

export interface DemoOptions {
  readonly once: boolean;
  readonly json: boolean;
  readonly events: number;
  readonly tenants: number;
  readonly port: number | undefined;
  readonly files: readonly string[];
  readonly map: 'cloudtrail' | undefined;
  readonly help: boolean;
}

export const help = `Usage: npm start -- [options]

Synthesizes the stack, runs that very template on this machine, ships audit events through the SDK,
reads them back through the API, and prints what happened. Without --once it then stays up.

  --once            read every event back, compare it byte for byte, and exit: 0 only if nothing was
                    lost, altered or duplicated
  --events N        sample events to ship (default 10000)
  --tenants N       tenants to spread them over (default 1)
  --file FILE       ship this NDJSON of events instead; may be given several times
  --map cloudtrail  FILE holds AWS CloudTrail records, one a line or {"Records": […]}
  --json            print the table as one JSON object, the last line of the output
  --port N          port of the API and of the local AWS (default 8787; with --once any free one)
  --help            print this

Examples:
  npm start
  npm start -- --once --events 100000 --tenants 5
  npm start -- --once --file trail.json --map cloudtrail
`;

/** Throws a TypeError that says what is wrong with them. */
export function parseOptions(args: readonly string[]): DemoOptions {
  const { values } = parseArgs({
    args: [...args],
    allowPositionals: false,
    options: {
      once: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      events: { type: 'string' },
      tenants: { type: 'string' },
      port: { type: 'string' },
      file: { type: 'string', multiple: true },
      map: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const { once, json, help: wantsHelp, file: files = [], map } = values;
  if (map !== undefined && map !== 'cloudtrail')
    throw new TypeError(`--map knows cloudtrail only, not ${map}`);
  if (map !== undefined && files.length === 0) throw new TypeError('--map goes with --file');
  if (files.length > 0 && (values.events !== undefined || values.tenants !== undefined))
    throw new TypeError('--file ships the events of the file: leave out --events and --tenants');
  const port = whole('port', values.port, 65_535);
  return {
    once,
    json,
    help: wantsHelp,
    files,
    map,
    events: whole('events', values.events, 10_000_000) ?? 10_000,
    tenants: whole('tenants', values.tenants, 100) ?? 1,
    port: port ?? (once ? undefined : 8787),
  };
}

function whole(name: string, text: string | undefined, max: number): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d{1,8}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > max) throw new TypeError(`--${name} is a whole number from 1 to ${max}`);
  return value;
}
