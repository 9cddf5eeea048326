import { z } from 'zod';
import { type ProblemCode, statuses } from '../../lambda/http.ts';
import { answers } from './answers.ts';
import { parameters } from './parameters.ts';
import { type Route, routes } from './routes.ts';

type Json = Record<string, unknown>;

/** The OpenAPI 3.1 document of the HTTP API (https://spec.openapis.org/oas/v3.1.0), made of the zod schemas. */
export function openApi(): Json {
  const paths: Record<string, Json> = {};
  for (const [key, route] of Object.entries(routes)) {
    const [method = '', path = ''] = key.split(' ');
    paths[path] = { ...paths[path], [method.toLowerCase()]: operation(key, path, route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Sealtrail',
      version: '1',
      description:
        'Audit logs, sealed at the source. A filter given several times asks for any of its values; different filters must all match. Every read is recorded in the log of the tenant (`audit.log.read`).',
    },
    paths,
    components: {
      schemas: componentSchemas(),
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer', description: 'An API key or an OIDC token.' },
        viewer: {
          type: 'http',
          scheme: 'bearer',
          description: 'A viewer token: every answer is kept within its filter and range.',
        },
        proof: {
          type: 'apiKey',
          in: 'header',
          name: 'DPoP',
          description: 'A proof (RFC 9449) with an Ed25519 key.',
        },
      },
    },
  };
}

function operation(key: string, path: string, route: Route): Json {
  const { summary, body, status = 200 } = route;
  return {
    operationId: key.replace(/[^A-Za-z]+(.)?/g, (_, next = '') => next.toUpperCase()),
    summary,
    parameters: [...inPath(path), ...inQuery(key)],
    ...(body && { requestBody: { required: true, content: asJson(toSchema(body)) } }),
    responses: {
      [status]: {
        description: summary,
        ...(route.etag === true && {
          headers: { etag: { schema: { type: 'string' }, description: 'Strong.' } },
        }),
        content: {
          ...jsonOf(route),
          ...Object.fromEntries(
            Object.entries(route.others ?? {}).map(([type, description]) => [
              type,
              { schema: { type: 'string', description } },
            ]),
          ),
        },
      },
      ...(route.etag === true && {
        304: { description: 'The caller has it already (If-None-Match).' },
      }),
      ...problemsOf(route),
    },
    security: securityOf(route),
  };
}

/** A document that is described elsewhere is some object; a page is no JSON at all. */
function jsonOf({ answer, others }: Route): Json {
  if (answer !== undefined) return asJson(reference(answer));
  return others === undefined ? asJson({ type: 'object' }) : {};
}

function securityOf({ who }: Route): Json[] {
  if (who === 'anybody') return [];
  if (who === 'proof') return [{ key: [], proof: [] }];
  return who === 'viewer' ? [{ key: [] }, { viewer: [] }] : [{ key: [] }];
}

const retryAfter = {
  'retry-after': {
    schema: { type: 'integer' },
    description: 'Seconds until it is worth another try.',
  },
};

/** By status, the codes that may be met. */
function problemsOf({ who, problems = [] }: Route): Json {
  const usual: ProblemCode[] =
    who === 'anybody' ? [] : ['unauthenticated', 'forbidden', 'quota-exceeded'];
  const codes = [
    ...new Set<ProblemCode>([
      'request-invalid',
      ...usual,
      ...problems,
      'throttled',
      'unavailable',
      'internal',
    ]),
  ];
  const byStatus = Map.groupBy(codes, (code) => statuses[code]);
  return Object.fromEntries(
    [...byStatus].map(([status, all]) => [
      status,
      {
        description: all.join(', '),
        ...((status === 429 || status === 503) && { headers: retryAfter }),
        content: { 'application/problem+json': { schema: reference('Problem') } },
      },
    ]),
  );
}

function inPath(path: string): Json[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

function inQuery(key: string): Json[] {
  return Object.entries(parameters[key] ?? {}).map(([name, schema]) => ({
    name,
    in: 'query',
    required: name === 'by',
    ...(schema.description !== undefined && { description: schema.description }),
    // Lists as `a=x&a=y`; and of `metadata` each member as a parameter of its own.
    style: 'form',
    explode: true,
    schema: toSchema(schema),
  }));
}

function asJson(schema: Json): Json {
  return { 'application/json': { schema } };
}

function reference(name: string): Json {
  return { $ref: `#/components/schemas/${name}` };
}

function toSchema(schema: z.ZodType): Json {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return rest;
}

function componentSchemas(): Json {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(answers)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { uri: (id) => `#/components/schemas/${id}` });
  return Object.fromEntries(
    Object.entries(schemas).map(([id, { $schema, $id, ...rest }]) => [id, rest]),
  );
}
