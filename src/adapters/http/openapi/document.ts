import type { Route } from '../routes.js';
import { tags, type Parameter } from './operations.js';
import { headers, responsesOf, textHeader } from './responses.js';
import { id, ref, schemas, sessionId, type SchemaName } from './schemas.js';

/** An OpenAPI 3.1 document. */
export interface OpenApiDocument {
  readonly openapi: string;
  readonly info: object;
  /** By path, then by method in lower case. */
  readonly paths: Readonly<Record<string, Readonly<Record<string, DescribedOperation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, object>>;
    readonly [kind: string]: object;
  };
  readonly [part: string]: unknown;
}

/** An operation of the document. */
export interface DescribedOperation {
  readonly operationId: string;
  readonly responses: Readonly<Record<string, object>>;
  readonly [part: string]: unknown;
}

const introduction = [
  'To-do lists with JWT sign-in.',
  'Every path works with and without its trailing slash. A path that is not described here is 404 with `{"detail":"Not found."}`; another method on a described path is 405 with `Allow`. OPTIONS needs no credentials. HEAD works wherever GET does. Where there is a page for people, browsers get pages at `/` and `/docs` and in the place of errors.',
  'Errors have the shapes described here or, for requests whose `Accept` names `application/problem+json`, those of RFC 9457, with a `code` for programs.',
].join('\n\n');

/** Describes routes in OpenAPI 3.1. */
export function describeApi(routes: readonly Route[], version: string): OpenApiDocument {
  const paths: Record<string, Record<string, DescribedOperation>> = {};
  for (const route of routes) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}');
    (paths[path] ??= {})[route.method] = describe(route);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Hexado',
      version,
      description: introduction,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas,
      headers: Object.fromEntries(
        Object.entries(headers).map(([name, description]) => [name, textHeader(description)]),
      ),
      securitySchemes: {
        accessToken: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'The access token of a sign-in. It stops working when its session ends.',
        },
      },
    },
  };
}

function describe(route: Route): DescribedOperation {
  const {
    operationId,
    tag,
    summary,
    description,
    parameters = [],
    body,
    isBodyOptional = false,
  } = route.operation;
  return {
    operationId,
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    security: security[route.access.token],
    parameters: [...idsIn(route.path), ...parameters],
    ...(body && { requestBody: requestBody(body, !isBodyOptional) }),
    responses: responsesOf(route),
  };
}

const security: Readonly<Record<Route['access']['token'], readonly object[]>> = {
  required: [{ accessToken: [] }],
  optional: [{}, { accessToken: [] }],
  ignored: [],
};

/** The parameters in a path. */
function idsIn(path: string): object[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => {
    const { description, schema } = ids[name] ?? {};
    return { in: 'path', name, required: true, description, schema };
  });
}

const ids: Readonly<Record<string, Pick<Parameter, 'description' | 'schema'>>> = {
  userId: { description: "The user's id.", schema: id },
  taskId: { description: "The task's id.", schema: id },
  sessionId: { description: "The session's id.", schema: sessionId },
};

/** A body in any of the media types that are read. */
function requestBody(name: SchemaName, required: boolean): object {
  const mediaTypes = ['application/json', 'application/x-www-form-urlencoded', 'multipart/form-data'];
  const content = Object.fromEntries(mediaTypes.map((each) => [each, { schema: ref(name) }]));
  return { required, content };
}
