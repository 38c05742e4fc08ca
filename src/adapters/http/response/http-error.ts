import { STATUS_CODES } from 'node:http';

/** An error response. Thrown for reasons of HTTP; the error handler translates all other errors into one. */
export class HttpError extends Error {
  override readonly name = 'HttpError';

  constructor(
    readonly status: number,
    /** Sent as JSON: `{"detail":"…"}`, `{"error":"…"}`, or lists of messages by field. */
    readonly body: object,
    readonly headers: Readonly<Record<string, string>> = {},
    /** For programs (docs/api.md, section 10). Clients see it in a problem (RFC 9457). */
    readonly code = codesByStatus[status] ?? 'error',
  ) {
    super(`HTTP error ${status}`);
  }
}

/** The codes of Django REST Framework, and plain ones where it has none. */
const codesByStatus: Readonly<Record<number, string>> = {
  400: 'invalid',
  401: 'authentication_failed',
  403: 'permission_denied',
  404: 'not_found',
  405: 'method_not_allowed',
  406: 'not_acceptable',
  408: 'request_timed_out',
  412: 'precondition_failed',
  413: 'request_too_large',
  415: 'unsupported_media_type',
  429: 'throttled',
  431: 'headers_too_large',
  501: 'not_implemented',
  503: 'service_unavailable',
};

/** An error response with one sentence for humans. */
export function httpError(status: number, detail: string, code?: string): HttpError {
  return new HttpError(status, { detail }, {}, code);
}

/** A 401 whose code is in its body too, as Simple JWT has it. */
export function tokenError(detail: string, code: string): HttpError {
  return new HttpError(401, { detail, code }, {}, code);
}

/** A 400 for a request that cannot be read. */
export function parseError(detail: string): HttpError {
  return httpError(400, detail, 'parse_error');
}

/** The body of an error as a problem (RFC 9457). */
export function problemOf({ status, body, code }: HttpError): object {
  const { detail, error } = body as { readonly detail?: string; readonly error?: string };
  const text = detail ?? error;
  return {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: text ?? 'Invalid input.',
    code,
    ...(text === undefined && { errors: body }),
  };
}
