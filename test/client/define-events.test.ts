import { describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { defineEvents, inContext, type TypedAudit, withContext } from '../../src/client/index.ts';
import { MemoryAudit } from '../../src/client/testing.ts';
import { codeOf } from '../../src/domain/error.ts';

const events = defineEvents({
  'invoice.refunded': {
    version: 3,
    metadata: z.object({
      amount: z.int(),
      currency: z.string().length(3).default('EUR'),
      lines: z.array(z.object({ sku: z.string() })).optional(),
    }),
    earlier: { 2: z.object({ cents: z.int() }) },
  },
  'session.opened': { version: 1, metadata: z.object({}) },
});

const actor = { type: 'user', id: 'u_17' };

function typedAudit() {
  const memory = new MemoryAudit();
  return { memory, audit: inContext(memory, events) };
}

test('an event names its version and has what its schema made of the metadata', async () => {
  const { memory, audit } = typedAudit();
  await withContext({ actor }, async () => {
    await audit.record('invoice.refunded', { metadata: { amount: 1200 } });
    await audit.record('invoice.refunded', {
      schema: 'invoice.refunded/2',
      metadata: { cents: 1200 },
    });
    await audit.record('session.opened');
    await audit.record({ action: 'session.opened', outcome: 'denied' });
  });
  expect(memory.events).toMatchObject([
    { schema: 'invoice.refunded/3', metadata: { amount: 1200, currency: 'EUR' } },
    { schema: 'invoice.refunded/2', metadata: { cents: 1200 } },
    { schema: 'session.opened/1', metadata: {} },
    { schema: 'session.opened/1', outcome: 'denied' },
  ]);
});

describe('what the catalogue does not describe is refused, with what to do', () => {
  const amount = 1200;
  const action = 'invoice.refunded';
  test.each([
    [
      'an unknown action',
      { action: 'invoice.refundd' },
      /^action: invoice.refundd is not in the catalogue \(there are invoice.refunded …\); add it to defineEvents$/,
    ],
    ['an action that every object has', { action: 'toString' }, /^action: toString is not in/],
    [
      'a wrong member',
      { action, metadata: { amount: '12' } },
      /^metadata: amount: .*expected.*\(as invoice.refunded\/3 says; what differs needs a new version\)$/,
    ],
    ['no metadata', { action }, /^metadata: amount: /],
    [
      'a member more',
      { action, metadata: { amount, curency: 'USD' } },
      /^metadata.curency: invoice.refunded\/3 has no such member; a new version can$/,
    ],
    [
      'a member more, deep inside',
      { action, metadata: { amount, lines: [{ sku: 'a', n: 1 }] } },
      /^metadata.lines.0.n: /,
    ],
    [
      'an unknown version',
      { action, schema: 'invoice.refunded/4', metadata: { amount } },
      /^schema: invoice.refunded\/4 is no version of invoice.refunded; add it/,
    ],
    [
      'a schema of another action',
      { action, schema: 'session.opened/1', metadata: {} },
      /^schema: session.opened\/1 is no version of invoice.refunded/,
    ],
    [
      'an earlier version’s member in the latest',
      { action, metadata: { amount, cents: 1 } },
      /^metadata.cents: /,
    ],
  ])('%s', async (_, event, message) => {
    const { memory, audit } = typedAudit();
    const record = audit.record({ ...event, actor } as never);
    await expect(record).rejects.toThrow(message);
    expect(await record.catch(codeOf)).toBe('event-invalid');
    expect(memory.events).toEqual([]);
  });
});

test('a schema that is not synchronous refuses, and says why', async () => {
  const isFree = z.string().refine(async () => true);
  const late = defineEvents({ 'name.taken': { version: 1, metadata: z.object({ name: isFree }) } });
  const record = inContext(new MemoryAudit(), late).record('name.taken', {
    actor,
    metadata: { name: 'x' },
  });
  await expect(record).rejects.toThrow('the schema name.taken/1 threw; it must be synchronous');
});

describe('a catalogue that no log could follow does not come into being', () => {
  const metadata = z.object({});
  test.each([
    [
      'an action with a slash',
      { 'a/b': { version: 1, metadata } },
      'defineEvents: a/b: an action is',
    ],
    ['version 0', { a: { version: 0, metadata } }, 'defineEvents: a/0: versions are 1, 2, 3 …'],
    ['a version in between', { a: { version: 1.5, metadata } }, 'a/1.5: versions are'],
    [
      'an earlier version that is not',
      { a: { version: 2, metadata, earlier: { 2: metadata } } },
      'a/2: not before 2',
    ],
    [
      'a Date',
      { a: { version: 1, metadata: z.object({ at: z.date() }) } },
      'defineEvents: a/1: Date cannot be represented in JSON Schema',
    ],
    [
      'a transform',
      { a: { version: 1, metadata: z.object({ n: z.string().transform(Number) }) } },
      'end a transform with .pipe',
    ],
  ])('%s', (_, definitions, message) => {
    expect(() => defineEvents(definitions)).toThrow(message);
  });

  test('a transform that ends in a pipe is described by what comes out', () => {
    const n = z.string().transform(Number).pipe(z.int());
    const catalogue = defineEvents({ a: { version: 1, metadata: z.object({ n }) } });
    expect(catalogue.toJsonSchema()['a/1']).toMatchObject({
      properties: { n: { type: 'integer' } },
    });
  });
});

test('each version is exported as JSON Schema, which a caller cannot change', () => {
  const schemas = events.toJsonSchema();
  expect(Object.keys(schemas)).toEqual([
    'invoice.refunded/3',
    'invoice.refunded/2',
    'session.opened/1',
  ]);
  expect(schemas['invoice.refunded/3']).toMatchObject({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    properties: { amount: { type: 'integer' }, currency: { type: 'string', minLength: 3 } },
    required: ['amount', 'currency'],
    additionalProperties: false,
  });
  delete schemas['invoice.refunded/3']?.properties;
  expect(events.toJsonSchema()['invoice.refunded/3']).toHaveProperty('properties.amount');
});

test('the types know the actions, their metadata and their versions', () => {
  const { audit } = typedAudit();
  expectTypeOf(audit).toEqualTypeOf<TypedAudit<(typeof events)['definitions']>>();
  type Refund = Parameters<typeof audit.record<'invoice.refunded'>>[0];
  expectTypeOf<{ action: 'invoice.refunded'; metadata: { amount: number } }>().toExtend<Refund>();
  const unchecked = () => {
    // @ts-expect-error -- no such action
    void audit.record('invoice.refundd', {});
    // @ts-expect-error -- the metadata is required
    void audit.record('invoice.refunded');
    // @ts-expect-error -- the metadata is required
    void audit.record('invoice.refunded', {});
    // @ts-expect-error -- a number, not a text
    void audit.record('invoice.refunded', { metadata: { amount: '12' } });
    // @ts-expect-error -- no such member
    void audit.record('invoice.refunded', { metadata: { amount: 12, curency: 'USD' } });
    // @ts-expect-error -- an earlier version's metadata, without naming it
    void audit.record('invoice.refunded', { metadata: { cents: 12 } });
    // @ts-expect-error -- no such version
    void audit.record('invoice.refunded', { schema: 'invoice.refunded/1', metadata: { cents: 1 } });
    // @ts-expect-error -- another version's metadata
    void audit.record('invoice.refunded', {
      schema: 'invoice.refunded/2',
      metadata: { amount: 1 },
    });
    void audit.record('invoice.refunded', {
      schema: 'invoice.refunded/3',
      metadata: { amount: 1, currency: 'USD' },
      targets: [{ type: 'invoice', id: 'in_42' }],
    });
    // @ts-expect-error -- no member target
    void audit.record('session.opened', { target: [] });
    // @ts-expect-error -- in the form of an object too
    void audit.record({ action: 'invoice.refunded', metadata: {} });
  };
  expect(unchecked).toBeTypeOf('function');
});
