import * as fc from 'fast-check';
import type { WireRequest } from '../support/http-client.js';

/** The keywords of JSON Schema that requests are described with. */
interface Schema {
  readonly $ref?: string;
  readonly type?: 'object' | 'string' | 'integer';
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly enum?: readonly string[];
  readonly examples?: readonly string[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
}

interface Parameter {
  readonly in: 'path' | 'query' | 'header';
  readonly name: string;
  readonly required?: boolean;
  readonly schema: Schema;
}

interface Operation {
  readonly operationId: string;
  readonly security: readonly object[];
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
}

/** What the requests are drawn from: an OpenAPI document. */
export interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** A request that the document describes, with a single thing wrong or with none. */
export interface DrawnRequest {
  readonly operationId: string;
  /** What is wrong; undefined for a valid request. */
  readonly wrong: string | undefined;
  /** The request, with this access token if the operation takes one. */
  write(access: string): WireRequest;
}

/** The parts of a request before it is written. */
interface Parts {
  readonly values: Readonly<Record<string, string | number | undefined>>;
  readonly fields: Readonly<Record<string, unknown>> | undefined;
  readonly mediaType: string;
}

/** Changes one thing of a request, so that it is no longer valid. */
interface Fault {
  readonly what: string;
  change(request: WireRequest, parts: Parts): WireRequest;
}

/** Any request to any operation of the document. */
export function anyRequest(description: Description): fc.Arbitrary<DrawnRequest> {
  const operations = Object.entries(description.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => requestTo(description, method, path, operation)),
  );
  return fc.oneof(...operations);
}

function requestTo(
  description: Description,
  method: string,
  path: string,
  operation: Operation,
): fc.Arbitrary<DrawnRequest> {
  const { operationId, parameters, requestBody, security } = operation;
  const resolve = (schema: Schema): Schema =>
    schema.$ref === undefined
      ? schema
      : (description.components.schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {});
  const [first] = Object.values(requestBody?.content ?? {});
  const body = first && resolve(first.schema);
  const values = fc.record(Object.fromEntries(parameters.map(({ name, schema }) => [name, valid(schema)])), {
    requiredKeys: parameters.filter(({ required }) => required).map(({ name }) => name),
  });
  const fields = body ? fieldsOf(body) : fc.constant(undefined);
  const parts = fc.record<Parts>({
    values,
    fields,
    mediaType: fc.constantFrom(...Object.keys(requestBody?.content ?? { 'application/json': {} })),
  });
  const faults = faultsOf(parameters, body, security.length > 0);
  const fault = fc.option(faults.length > 0 ? fc.constantFrom(...faults) : fc.constant(undefined), {
    nil: undefined,
  });
  return fc.record({ parts, fault }).map(({ parts: drawn, fault: chosen }) => ({
    operationId,
    wrong: chosen?.what,
    write(access) {
      const request = write(method, path, parameters, drawn, security.length > 0 ? access : undefined);
      return chosen ? chosen.change(request, drawn) : request;
    },
    [fc.toStringMethod]: () => `${operationId} ${chosen?.what ?? ''} ${fc.stringify(drawn)}`,
  }));
}

function fieldsOf({ properties = {}, required = [] }: Schema): fc.Arbitrary<Record<string, unknown>> {
  const fields = Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => [name, valid(schema)]),
  );
  return fc.record(fields, { requiredKeys: [...required] });
}

const characters = Array.from('aZ0_ .@+-"\\<&%=;éß漢😀\t\u2028');

/** A value that the schema allows. */
function valid({
  type,
  enum: choices,
  examples = [],
  pattern,
  minLength = 0,
  maxLength = 40,
  ...numbers
}: Schema): fc.Arbitrary<string | number> {
  if (choices) return fc.constantFrom(...choices);
  if (type === 'integer') {
    const { minimum = 0, maximum = Number.MAX_SAFE_INTEGER } = numbers;
    return fc.oneof(
      fc.integer({ min: minimum, max: Math.min(maximum, 5) }),
      fc.constantFrom(minimum, maximum),
    );
  }
  const expression = new RegExp(pattern ?? '', 'u');
  const longest = Math.min(maxLength, 40);
  const text = fc
    .string({ unit: fc.constantFrom(...characters), minLength, maxLength: longest })
    .map((drawn) =>
      expression.test(drawn)
        ? drawn
        : Array.from(drawn)
            .filter((each) => expression.test(each))
            .join(''),
    );
  const long = 'a'.repeat(maxLength);
  return fc
    .oneof(text, fc.constantFrom(long, 'f'.repeat(32), ...examples))
    .filter((drawn) => expression.test(drawn) && drawn.length >= minLength);
}

/** Every way to make a request wrong. */
function faultsOf(parameters: readonly Parameter[], body: Schema | undefined, isSecured: boolean): Fault[] {
  const faults: Fault[] = [];
  for (const { in: place, name } of parameters) {
    for (const value of ['x', '-1', '1.5', '"', '99999999999999999999', ' ']) {
      faults.push({
        what: `${place} ${name} ${value}`,
        change: (request) => replaced(request, place, name, value),
      });
    }
  }
  for (const authorization of isSecured ? ['', 'Bearer', 'Bearer x', 'Basic eDp5'] : []) {
    faults.push({
      what: `Authorization: ${authorization}`,
      change: (request) => ({ ...request, headers: { ...request.headers, Authorization: authorization } }),
    });
  }
  if (!body) return faults;
  for (const [name, { maxLength }] of Object.entries(body.properties ?? {})) {
    const wrong: unknown[] = [undefined, null, true, [], {}, '', ' \t', 'a\0b', '\ud800'];
    if (maxLength !== undefined) wrong.push('a'.repeat(maxLength + 1));
    for (const value of wrong) {
      faults.push({
        what: `${name}: ${typeof value} ${JSON.stringify(value)?.slice(0, 10)}`,
        change: (request, { fields }) => withJson(request, JSON.stringify({ ...fields, [name]: value })),
      });
    }
  }
  for (const text of ['', '{', '[]', 'null', '1', '"x"', '\ufeff{}', '{"a":1e999}']) {
    faults.push({ what: `body ${text}`, change: (request) => withJson(request, text) });
  }
  for (const type of ['text/plain', 'application/json; charset=utf-16', 'multipart/form-data', '']) {
    faults.push({
      what: `Content-Type: ${type}`,
      change: (request) => ({ ...request, headers: { ...request.headers, 'Content-Type': type } }),
    });
  }
  return faults;
}

function withJson(request: WireRequest, body: string): WireRequest {
  return { ...request, body, headers: { ...request.headers, 'Content-Type': 'application/json' } };
}

function replaced(request: WireRequest, place: Parameter['in'], name: string, value: string): WireRequest {
  const escaped = encodeURIComponent(value);
  switch (place) {
    case 'header':
      return { ...request, headers: { ...request.headers, [name]: value } };
    case 'query':
      return {
        ...request,
        path: `${request.path}${request.path.includes('?') ? '&' : '?'}${name}=${escaped}`,
      };
    default:
      return {
        ...request,
        path: request.path.replace(/^(\/(?:tasks|api\/sessions))\/[^/?]*/, `$1/${escaped}`),
      };
  }
}

function write(
  method: string,
  template: string,
  parameters: readonly Parameter[],
  { values, fields, mediaType }: Parts,
  access: string | undefined,
): WireRequest {
  const headers: Record<string, string> = access === undefined ? {} : { Authorization: `Bearer ${access}` };
  const query = new URLSearchParams();
  let path = template;
  for (const { in: place, name } of parameters) {
    if (values[name] === undefined) continue;
    const value = String(values[name]);
    if (place === 'path') path = path.replace(`{${name}}`, encodeURIComponent(value));
    else if (place === 'query') query.append(name, value);
    else headers[name] = value;
  }
  const target = query.size > 0 ? `${path}?${query.toString()}` : path;
  const request = { method: method.toUpperCase(), path: target, headers };
  if (!fields) return request;
  const boundary = 'part-of-a-drawn-request';
  const entries = Object.entries(fields) as [string, string][];
  const bodies: Readonly<Record<string, readonly [type: string, body: string]>> = {
    'application/json': ['application/json', JSON.stringify(fields)],
    'application/x-www-form-urlencoded': [
      'application/x-www-form-urlencoded',
      new URLSearchParams(entries).toString(),
    ],
    'multipart/form-data': [
      `multipart/form-data; boundary=${boundary}`,
      [
        ...entries.map(
          ([name, value]) =>
            `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
        ),
        `--${boundary}--\r\n`,
      ].join(''),
    ],
  };
  const [type = '', body = ''] = bodies[mediaType] ?? [];
  return { ...request, headers: { ...headers, 'Content-Type': type }, body };
}
