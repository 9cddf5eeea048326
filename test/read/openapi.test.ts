import { expect, test } from 'vitest';
import { statuses } from '../../src/lambda/http.ts';
import { openApi } from '../../src/read/openapi/document.ts';
import { parameters } from '../../src/read/openapi/parameters.ts';
import { problems } from '../../src/read/openapi/problems.ts';
import { parseQuery } from '../../src/read/parse-query.ts';

// biome-ignore lint/suspicious/noExplicitAny: what is asserted on is the test's business.
type Json = any;

const text = JSON.stringify(openApi());

test('every reference leads somewhere', () => {
  const { components } = openApi() as { components: { schemas: object } };
  const named = [...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)];
  expect(named.length).toBeGreaterThan(10);
  for (const [, name] of named) expect(Object.keys(components.schemas)).toContain(name);
  expect(text.match(/"\$ref":"(?!#\/components\/schemas\/)/)).toBeNull();
});

test('each code of a problem is told with its status and meaning', () => {
  expect(Object.keys(problems).sort()).toEqual(Object.keys(statuses).sort());
  for (const [code, status] of Object.entries(statuses))
    expect(text).toContain(`${code} (${status}): `);
});

test('every route that takes a key says that it may be refused for a quota, and when to come again', () => {
  const { paths } = openApi() as { paths: Record<string, Record<string, Json>> };
  const operations = Object.values(paths).flatMap((path) => Object.values(path));
  expect(operations.length).toBeGreaterThan(10);
  for (const { security, responses } of operations) {
    const refused = responses['429'];
    if (security.length === 0) expect(refused).toBeUndefined();
    else
      expect(refused).toMatchObject({
        description: 'quota-exceeded',
        headers: { 'retry-after': { schema: { type: 'integer' } } },
      });
  }
});

test('every parameter that is described is understood, and no other is', () => {
  const samples: Record<string, string> = {
    from: '-1h',
    to: '2026-01-31',
    outcome: 'denied',
    late: 'true',
    metadata: '',
    order: 'asc',
    limit: '5',
    format: 'csv',
    faulty: 'true',
  };
  const names = Object.keys(parameters['GET /v1/events'] ?? {});
  expect(names).toContain('q');
  for (const name of names) {
    const query = name === 'metadata' ? 'metadata.a.b=c' : `${name}=${samples[name] ?? 'some'}`;
    expect(() => parseQuery(new URLSearchParams(query), Date.now())).not.toThrow();
  }
  expect(() => parseQuery(new URLSearchParams('metadata=c'), Date.now())).toThrow();
});
