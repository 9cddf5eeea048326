import { describe, expect, test } from 'vitest';
import { readLine } from '../../src/domain/line.ts';
import { openApi } from '../../src/read/openapi/document.ts';
import { event } from '../fixture/events.ts';
import { follows } from '../fixture/json-schema.ts';

const { components } = openApi() as { components: { schemas: { Event: Record<string, unknown> } } };
const published = components.schemas.Event;
const now = Date.parse('2026-03-01T12:00:00.000Z');
const base = event(now);
const smile = '\u{1f600}';
const [trace, span] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'];
const change = (path: string) => ({ changes: [{ op: 'replace', path }] });
const ip = (address: string) => ({ context: { ip: address } });

/** Members beside those of a valid event, and whether it is one still. */
const lines: [string, boolean, object][] = [
  ['nothing more', true, {}],
  ['512 code points beyond UTF-16’s first 65,536', true, { correlationId: smile.repeat(512) }],
  ['513 of them', false, { correlationId: smile.repeat(513) }],
  ['1,024 in a name', true, { actor: { ...base.actor, name: smile.repeat(1024) } }],
  ['1,025 in a name', false, { actor: { ...base.actor, name: smile.repeat(1025) } }],
  ['2,048 in a reason', true, { reason: smile.repeat(2048) }],
  ['2,049 in a reason', false, { reason: 'x'.repeat(2049) }],
  ['2,049 in a user agent', false, { context: { userAgent: 'x'.repeat(2049) } }],
  ['an empty id', false, { correlationId: '' }],
  ['an empty reason and name', true, { reason: '', actor: { ...base.actor, name: '' } }],
  ...['\0', '\n', '\u007f', '\u009f', '\u061c', '\u200e', '\u202e', '\u2066'].map(
    (c): [string, boolean, object] => [
      `U+${c.charCodeAt(0).toString(16)} in an id`,
      false,
      { correlationId: `a${c}` },
    ],
  ),
  ['other odd characters in an id', true, { correlationId: 'a \u00ad\u200b\u2028\ufeff' }],
  ['a line feed in a name', true, { actor: { ...base.actor, name: 'a\nb' } }],
  ['an action of an action’s own version', true, { schema: `${base.action}/3` }],
  ['the version of another action', true, { schema: 'other/1' }],
  ['an action with a slash, and its version', true, { action: 'a/b', schema: 'a/b/1' }],
  ['a schema without a version', false, { schema: base.action }],
  ['a schema of no action', false, { schema: ' /1' }],
  ['a schema of an action that begins with a dot', false, { schema: '.a/1' }],
  ['a schema with a line feed for an action', false, { schema: '\n/1' }],
  ['version 0', false, { schema: 'a/0' }],
  ['version 01', false, { schema: 'a/01' }],
  ['a version of 16 digits', true, { schema: `a/${'9'.repeat(16)}` }],
  ['a version of 17 digits', false, { schema: `a/${'9'.repeat(17)}` }],
  ['a line feed behind the version', false, { schema: 'a/1\n' }],
  ['a traceparent', true, { traceparent: `00-${trace}-${span}-01` }],
  ['a traceparent of a later version', true, { traceparent: `cc-${trace}-${span}-ff` }],
  ['a traceparent of version ff', false, { traceparent: `ff-${trace}-${span}-01` }],
  ['a traceparent without a trace', false, { traceparent: `00-${'0'.repeat(32)}-${span}-01` }],
  ['a traceparent without a span', false, { traceparent: `00-${trace}-${'0'.repeat(16)}-01` }],
  ['a traceparent in capitals', false, { traceparent: `00-${trace.toUpperCase()}-${span}-01` }],
  ['a pointer to the whole', true, change('')],
  ['a pointer with both escapes', true, change('/a~0b/~1')],
  ['a pointer with a line feed', true, change('/a\nb')],
  ['a pointer with an escape that is none', false, change('/~2')],
  ['a pointer that ends in a tilde', false, change('/a~')],
  ['a pointer that does not begin with a slash', false, change('a')],
  ['a pointer of 1,024 code points', true, change(`/${smile.repeat(1023)}`)],
  ['a pointer of 1,025 code points', false, change(`/${smile.repeat(1024)}`)],
  ['an IPv4 address', true, ip('255.0.10.9')],
  ['an IPv4 address with a leading zero', false, ip('1.2.3.04')],
  ['an IPv4 address beyond 255', false, ip('1.2.3.256')],
  ['an IPv6 address', true, ip('2001:db8::1')],
  ['an IPv6 address that ends in an IPv4 one', true, ip('::ffff:1.2.3.4')],
  ['an IPv6 address with seven groups and a gap', true, ip('1:2:3:4:5:6:7::')],
  ['an IPv6 address with eight groups and a gap', false, ip('1:2:3:4:5:6:7:8::')],
  ['an IPv6 address with two gaps', false, ip('1::2::3')],
  ['an IPv6 address with a zone', false, ip('fe80::1%eth0')],
  ['an IPv6 address in brackets', false, ip('[::1]')],
  ['a JWE with an empty encrypted key', true, { encrypted: 'a..b.c.d' }],
  ['a JWE without a header', false, { encrypted: '.a.b.c.d' }],
  ['a JWE of four segments', false, { encrypted: 'a.b.c.d' }],
  ['an unknown member', false, { tenant: 'other' }],
  ['an unknown member of its actor', false, { actor: { ...base.actor, role: 'x' } }],
  ['any metadata', true, { metadata: { a: [null, { b: 1 }], '': 0 } }],
  ['metadata that is a list', false, { metadata: [] }],
  ['51 targets', false, { targets: Array(51).fill({ type: 'a', id: 'b' }) }],
  ['501 changes', false, { changes: Array(501).fill({ op: 'add', path: '' }) }],
];

describe('the JSON Schema that is published calls wrong what the program calls wrong:', () => {
  test.each(lines)('an event with %s: %s', (_, isValid, members) => {
    const value = { ...base, ...members };
    const line = readLine(Buffer.from(JSON.stringify(value)));
    expect(line.kind === 'event' ? true : 'fault' in line && line.fault).toBe(isValid || 'schema');
    expect(follows(published, value)).toBe(isValid);
  });

  test.each(['id', 'time', 'action', 'actor', 'targets', 'outcome'])('no %s', (name) => {
    const { [name]: _, ...rest } = { ...base } as Record<string, unknown>;
    expect(follows(published, rest)).toBe(false);
  });
});

test('a time that does not exist, or is not the id’s, is the fault time: a schema has only its shape', () => {
  const times = [
    '2026-02-30T00:00:00.000Z',
    '2026-03-01T24:00:00.000Z',
    '2026-03-01T12:00:60.000Z',
  ];
  for (const time of [...times, '2026-03-01T12:00:00.001Z']) {
    const value = { ...base, time };
    expect(readLine(Buffer.from(JSON.stringify(value)))).toMatchObject({ fault: 'time' });
    expect(follows(published, value)).toBe(true);
  }
  const value = { ...base, time: '2026-03-01T12:00:00Z' };
  expect(readLine(Buffer.from(JSON.stringify(value)))).toMatchObject({ fault: 'schema' });
});
