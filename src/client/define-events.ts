import { z } from 'zod';
import { SealtrailError } from '../domain/error.ts';
import { eventSchema } from '../domain/event.ts';
import type { ContextEvent } from './context.ts';
import type { Definitions } from './event-types.ts';
import { findDropped } from './find-dropped.ts';

/** The events that an app records. Given to `inContext`, which then lets no others pass. */
export interface EventCatalogue<C extends Definitions> {
  readonly definitions: C;
  /**
   * The event with `schema` set and `metadata` as its schema parses it. Throws `event-invalid`, which
   * names the member and what to do.
   */
  complete(event: ContextEvent): ContextEvent;
  /** JSON Schema (draft 2020-12) of the metadata, by `action/version`, for those who read the log. */
  toJsonSchema(): Readonly<Record<string, z.core.JSONSchema.BaseSchema>>;
}

/**
 * Describes each action's metadata by zod schemas, so that a misspelt action or member is an error while
 * compiling, and where it is recorded, but never a line in the log. An event names the version that it
 * follows: `schema: "invoice.refunded/3"`. Zod drops unknown members unless the object is strict; here
 * they are refused, as a log drops nothing.
 *
 * Throws `request-invalid` for an action or a version that no event could have, and for a schema whose
 * output JSON Schema cannot describe (Date, bigint; a transform without `.pipe`).
 *
 * @example
 * export const events = defineEvents({
 *   'invoice.refunded': { version: 1, metadata: z.object({ amount: z.int(), currency: z.string() }) },
 * });
 */
export function defineEvents<const C extends Definitions>(definitions: C): EventCatalogue<C> {
  const schemas = new Map<string, z.core.$ZodType>();
  for (const [action, { version, metadata, earlier }] of Object.entries<Definitions[string]>(
    definitions,
  )) {
    if (!eventSchema.shape.action.safeParse(action).success || action.includes('/'))
      throw wrong(action, 'an action is up to 256 of A-Z a-z 0-9 . _ : -');
    schemas.set(nameOf(action, version), metadata);
    for (const [number, schema] of Object.entries(earlier ?? {})) {
      if (!(Number(number) < version)) throw wrong(`${action}/${number}`, `not before ${version}`);
      schemas.set(nameOf(action, Number(number)), schema);
    }
  }
  const described = [...schemas].map(([name, schema]) => [name, describe(name, schema)]);
  const jsonSchemas = Object.fromEntries(described);
  return {
    definitions,
    complete: (event) => complete(definitions, schemas, event),
    toJsonSchema: () => structuredClone(jsonSchemas),
  };
}

function nameOf(action: string, version: number): string {
  const name = `${action}/${version}`;
  if (!Number.isSafeInteger(version) || version < 1) throw wrong(name, 'versions are 1, 2, 3 …');
  return name;
}

function describe(name: string, schema: z.core.$ZodType): z.core.JSONSchema.BaseSchema {
  try {
    return z.toJSONSchema(schema, { io: 'output' });
  } catch (cause) {
    throw wrong(name, `${messageOf(cause)} Give what JSON has; end a transform with .pipe`, cause);
  }
}

function complete(
  definitions: Definitions,
  schemas: ReadonlyMap<string, z.core.$ZodType>,
  event: ContextEvent,
): ContextEvent {
  const { action } = event;
  const definition = Object.hasOwn(definitions, action) ? definitions[action] : undefined;
  if (definition === undefined) throw invalid('action', unknownAction(String(action), definitions));
  const name = event.schema ?? `${action}/${definition.version}`;
  const schema = name.startsWith(`${action}/`) ? schemas.get(name) : undefined;
  if (schema === undefined)
    throw invalid('schema', `${name} is no version of ${action}; add it to its earlier ones`);
  const given = event.metadata ?? {};
  const result = parse(name, schema, given);
  if (!result.success) throw invalid(...problemOf(name, result.error.issues));
  const dropped = findDropped(given, result.data);
  if (dropped !== undefined)
    throw invalid(
      ['metadata', ...dropped].join('.'),
      `${name} has no such member; a new version can`,
    );
  return { ...event, metadata: result.data as ContextEvent['metadata'], schema: name };
}

function parse(name: string, schema: z.core.$ZodType, metadata: unknown) {
  try {
    return z.safeParse(schema, metadata);
  } catch (cause) {
    throw new SealtrailError(
      'event-invalid',
      `metadata: the schema ${name} threw; it must be synchronous: ${messageOf(cause)}`,
      { cause },
    );
  }
}

function problemOf(name: string, issues: readonly z.core.$ZodIssue[]): [string, string] {
  const problems = issues.slice(0, 5).map(({ path, message }) => {
    const at = path.map(String).join('.');
    return at === '' ? message : `${at}: ${message}`;
  });
  return ['metadata', `${problems.join('; ')} (as ${name} says; what differs needs a new version)`];
}

function unknownAction(action: string, definitions: Definitions): string {
  const family = action.split('.')[0] ?? '';
  const known = Object.keys(definitions);
  const near = known.filter((name) => name.startsWith(`${family}.`));
  const listed = (near.length > 0 ? near : known).slice(0, 10).join(', ');
  return `${action} is not in the catalogue (there are ${listed} …); add it to defineEvents`;
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

function invalid(path: string, advice: string): SealtrailError {
  return new SealtrailError('event-invalid', `${path}: ${advice}`);
}

function wrong(name: string, advice: string, cause?: unknown): SealtrailError {
  return new SealtrailError('request-invalid', `defineEvents: ${name}: ${advice}`, { cause });
}
