import { STATUS_CODES } from 'node:http';
import { InvalidFields } from '../../../domain/input.js';
import { Throttled } from '../../../domain/rate-limit.js';
import { verifiedAsRevoked } from '../controllers/auth-controller.js';
import { requestTimedOut } from '../http-server.js';
import {
  accessTokenCodes,
  accessTokenError,
  badAuthorizationHeader,
  notAuthenticated,
} from '../middleware/authenticate.js';
import { errorResponses, httpErrorFor } from '../middleware/error-handler.js';
import {
  malformedRequestError,
  tooManyHeaders,
  unknownTransferEncoding,
} from '../middleware/reject-ambiguous.js';
import { bodyTooLarge, unsupportedMediaType } from '../request/body.js';
import { malformedKey } from '../request/idempotency-key.js';
import { HttpError, parseError, problemOf } from '../response/http-error.js';
import { notFound } from '../router.js';
import type { Route } from '../routes.js';
import type { Operation, Success } from './operations.js';
import { fieldErrors, fieldNames, ref, type Schema, type SchemaName } from './schemas.js';

/** An OpenAPI response. */
export interface Response {
  readonly description: string;
  readonly headers: Readonly<Record<string, object>>;
  readonly content?: Readonly<Record<string, object>>;
}

/** Headers of responses, with their descriptions. */
export const headers = {
  'X-Request-Id': "The request's own id if it sent a valid one, else a new one. It is in the log, too.",
  'Cache-Control': 'Whether a cache may keep the response.',
  'X-Content-Type-Options': 'Always nosniff.',
  'X-Frame-Options': 'Always DENY.',
  'Referrer-Policy': 'Always same-origin.',
  'WWW-Authenticate': 'The scheme to authenticate with (RFC 6750).',
  'Retry-After': 'After how many seconds to try again.',
} as const;

type HeaderName = keyof typeof headers;

const commonHeaders: readonly HeaderName[] = [
  'X-Request-Id',
  'Cache-Control',
  'X-Content-Type-Options',
  'X-Frame-Options',
  'Referrer-Policy',
];

const headersByStatus: Readonly<Record<number, readonly HeaderName[]>> = {
  401: ['WWW-Authenticate'],
  429: ['Retry-After'],
  503: ['Retry-After'],
};

/** The errors that a request to any path can have, also to one that does not exist. */
const anyError: Readonly<Record<string, HttpError>> = {
  malformed_request: malformedRequestError,
  request_timed_out: requestTimedOut,
  too_many_headers: tooManyHeaders,
  internal_error: httpErrorFor(new Error()),
  unknown_transfer_encoding: unknownTransferEncoding,
};

const bodyErrors: Readonly<Record<string, HttpError>> = {
  no_data: new HttpError(400, { non_field_errors: ['No data provided'] }),
  parse_error: parseError('JSON parse error - Unexpected end of JSON input'),
  body_too_large: bodyTooLarge,
  unsupported_media_type: unsupportedMediaType('text/plain'),
};

const accessErrors: Readonly<Record<string, HttpError>> = {
  bad_authorization_header: badAuthorizationHeader,
  ...Object.fromEntries([...accessTokenCodes].map((code) => [code, accessTokenError(code)])),
  storage_unavailable: errorResponses.storage_unavailable,
};

/** All responses of a route, by status. */
export function responsesOf({ path, access, operation }: Route): Record<string, Response> {
  const { success, others = [], body, errors = [] } = operation;
  const examples: Record<string, HttpError> = {
    ...(access.token === 'required' && { not_authenticated: notAuthenticated }),
    ...(access.token !== 'ignored' && accessErrors),
    ...(path.includes(':') && { not_found: notFound }),
    ...(body && { invalid: missingField(body), ...bodyErrors }),
    ...Object.fromEntries(errors.map((name) => [name, namedError(name)])),
    ...anyError,
  };
  const responses: Record<string, Response> = {};
  for (const each of [success, ...others]) responses[each.status] = succeeding(each);
  for (const [status, errorsOfStatus] of Object.entries(groupByStatus(examples))) {
    // /readyz responds with its own report or with an error.
    responses[status] = failing(
      errorsOfStatus,
      body,
      others.find((each) => `${each.status}` === status)?.schema,
    );
  }
  return responses;
}

type Examples = readonly (readonly [name: string, error: HttpError])[];

function groupByStatus(examples: Readonly<Record<string, HttpError>>): Record<string, Examples> {
  const groups: Record<string, [string, HttpError][]> = {};
  for (const [name, error] of Object.entries(examples)) (groups[error.status] ??= []).push([name, error]);
  return groups;
}

function namedError(name: NonNullable<Operation['errors']>[number]): HttpError {
  switch (name) {
    case 'throttled':
      return httpErrorFor(new Throttled(30, 'sign_in'));
    case 'invalid_key':
      return malformedKey;
    case 'blacklisted':
      return verifiedAsRevoked;
    default:
      return errorResponses[name];
  }
}

/** The error for a body without its first field. */
function missingField(body: SchemaName): HttpError {
  const [first = ''] = fieldNames(body);
  return httpErrorFor(new InvalidFields({ [first]: [{ code: 'required' }] }));
}

function succeeding({
  status,
  description,
  schema,
  mediaType = 'application/json',
  headers: own = {},
}: Success): Response {
  const described = Object.entries(own).map(([name, text]) => [name, textHeader(text)]);
  return {
    description,
    headers: { ...headersOf(status), ...(Object.fromEntries(described) as object) },
    ...(schema && { content: { [mediaType]: { schema } } }),
  };
}

/** The response for errors of one status. Each is an example. */
function failing(errors: Examples, body?: SchemaName, ...more: readonly (Schema | undefined)[]): Response {
  const status = errors[0]?.[1].status ?? 500;
  const kinds = new Map<string, Schema>();
  for (const schema of [...more, ...errors.map(([, error]) => schemaOf(error, body))]) {
    if (schema) kinds.set(JSON.stringify(schema), schema);
  }
  const anyOf = [...kinds.values()];
  const examples = (form: (error: HttpError) => object) =>
    Object.fromEntries(errors.map(([name, error]) => [name, { value: form(error) }]));
  return {
    description: STATUS_CODES[status] ?? '',
    headers: headersOf(status),
    content: {
      'application/json': {
        schema: anyOf.length > 1 ? { anyOf } : anyOf[0],
        examples: examples((error) => error.body),
      },
      'application/problem+json': { schema: ref('Problem'), examples: examples(problemOf) },
    },
  };
}

function schemaOf({ body }: HttpError, fields?: SchemaName): Schema {
  if ('messages' in body) return ref('AccessTokenError');
  if ('detail' in body) return ref('Error');
  if ('error' in body) return ref('MissingItem');
  if ('non_field_errors' in body || !fields) return ref('NonFieldErrors');
  return fieldErrors(fields);
}

function headersOf(status: number): Record<string, object> {
  const names = [...commonHeaders, ...(headersByStatus[status] ?? [])];
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

/** An OpenAPI header whose value is a text. */
export function textHeader(description: string): object {
  return { description, schema: { type: 'string' } };
}
