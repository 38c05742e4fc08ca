import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { OpenApiDocument } from '../../src/adapters/http/openapi/document.js';
import type { WireRequest, WireResponse } from './http-client.js';
import { notAllowed, unknownPath } from './responses.js';

/** Headers that need no description: those of HTTP itself and of CORS. */
const undescribed =
  /^(?:date|connection|keep-alive|content-(?:type|length|encoding)|transfer-encoding|vary|access-control-.+)$/;

/** A part of the document. */
interface DescribedResponse {
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly content?: Readonly<Record<string, { readonly schema: object }>>;
}

/** The servers whose responses are described, by their ports, for connections that know no more than the port. */
export const describedServers = new Map<number, DescribedResponses>();

interface ActualResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/** Checks that responses are those that the OpenAPI document describes. */
export class DescribedResponses {
  private readonly ajv = new Ajv2020({ strict: false, formats: { 'date-time': dateTime } });
  private readonly validators = new Map<object, ValidateFunction>();

  constructor(private readonly document: OpenApiDocument) {
    this.ajv.addSchema(closed({ $id: 'api', components: document.components }) as object);
  }

  /** Throws unless the document describes this response to this request. */
  expect(request: WireRequest, response: WireResponse): void {
    const problem = this.problemOf(request, response);
    if (problem === undefined) return;
    const { status, text, headers } = response;
    const got = `${status} ${text.slice(0, 500)} ${JSON.stringify(headers)}`;
    throw new Error(
      `The API's description lacks the response to ${request.method} ${request.path}: ${problem}: ${got}`,
    );
  }

  /** Throws unless the document describes this response to some request with this method. */
  expectForAnyRequest(method: string, response: ActualResponse): void {
    const { status, text, headers } = response;
    const isOfNoOperation = status < 200 || status === 204 || status === 405;
    if (isOfNoOperation) return;
    const problems = Object.values(this.document.paths)
      .flatMap((item) => Object.values(item))
      .map(({ responses }) => {
        const described: DescribedResponse | undefined = responses[status];
        return described ? this.difference(described, method, response) : `no ${status}`;
      });
    if (problems.includes(undefined)) return;
    const reasons = [...new Set(problems)].join('; ');
    throw new Error(`The API's description lacks ${status} ${text} ${JSON.stringify(headers)}: ${reasons}`);
  }

  private problemOf({ method, path }: WireRequest, response: WireResponse): string | undefined {
    const item = this.pathItem(path);
    const operation = item?.[method === 'HEAD' ? 'get' : method.toLowerCase()];
    if (!operation) return this.problemOfOther(method, item, response);
    const described: DescribedResponse | undefined = operation.responses[response.status];
    return described ? this.difference(described, method, response) : `no ${response.status}`;
  }

  /** What no operation describes: other methods and other paths. The document's introduction does. */
  private problemOfOther(
    method: string,
    item: OpenApiDocument['paths'][string] | undefined,
    response: WireResponse,
  ): string | undefined {
    if (method === 'OPTIONS' && response.status === 204) return undefined;
    const isProblem = response.headers['content-type'] === 'application/problem+json';
    const expected = { 404: unknownPath, 405: item && notAllowed(method) }[response.status];
    if (expected && (method === 'HEAD' || isProblem || response.text === JSON.stringify(expected)))
      return undefined;
    // Errors that precede the method: of the request as a whole, of its credentials, and of its path.
    const operations = Object.values(item ?? this.document.paths['/livez'] ?? {});
    const problems = operations.map(({ responses }) => {
      const described: DescribedResponse | undefined = responses[response.status];
      return response.status >= 400 && described
        ? this.difference(described, method, response)
        : `no ${response.status}`;
    });
    return problems.includes(undefined) ? undefined : problems.join('; ');
  }

  private difference(
    { headers = {}, content = {} }: DescribedResponse,
    method: string,
    response: ActualResponse,
  ): string | undefined {
    const known = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
    const unknown = Object.keys(response.headers).find((name) => !known.has(name) && !undescribed.test(name));
    if (unknown !== undefined) return `no header ${unknown}`;
    const type = response.headers['content-type'];
    if (typeof type !== 'string') {
      return Object.keys(content).length === 0 && response.text === '' ? undefined : 'a body is described';
    }
    const described = content[type];
    if (!described) return `no ${type}`;
    if (method === 'HEAD') return undefined;
    const validate = this.validator(described.schema);
    const body: unknown = /[/+]json$/.test(type) ? JSON.parse(response.text) : response.text;
    return validate(body) ? undefined : this.ajv.errorsText(validate.errors);
  }

  private validator(schema: object): ValidateFunction {
    let validate = this.validators.get(schema);
    if (!validate) {
      validate = this.ajv.compile(absolute(closed(schema)) as object);
      this.validators.set(schema, validate);
    }
    return validate;
  }

  /** The operations on a path, with or without a slash at its end. */
  private pathItem(target: string): OpenApiDocument['paths'][string] | undefined {
    const { paths } = this.document;
    const path = decoded(target.replace(/\?.*$/s, ''))?.replace(/(?<=.)\/$/, '');
    if (path === undefined) return undefined;
    const template = Object.keys(paths).find((each) => matches(each, path));
    return paths[path] ?? (template === undefined ? undefined : paths[template]);
  }
}

function matches(template: string, path: string): boolean {
  const parts = template.split('/');
  const given = path.split('/');
  return (
    parts.length === given.length &&
    parts.every((part, index) => part === given[index] || (part.startsWith('{') && given[index] !== ''))
  );
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

const dateTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;

/** The schema, allowing no properties that it does not describe. */
function closed(schema: unknown): unknown {
  return mapObjects(schema, (object) =>
    'properties' in object && !('additionalProperties' in object)
      ? { ...object, additionalProperties: false }
      : object,
  );
}

/** The schema, with references that name the document. */
function absolute(schema: unknown): unknown {
  return mapObjects(schema, (object) =>
    typeof object['$ref'] === 'string' ? { ...object, $ref: `api${object['$ref']}` } : object,
  );
}

function mapObjects(value: unknown, map: (object: Record<string, unknown>) => unknown): unknown {
  if (Array.isArray(value)) return value.map((each) => mapObjects(each, map));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, each]) => [name, mapObjects(each, map)] as const);
  return map(Object.fromEntries(entries));
}
