import { HttpError as KoaHttpError } from 'koa';
import type { Log } from '../../../application/ports/environment.js';
import { PortError, type PortErrorCode } from '../../../application/ports/port-error.js';
import { StorageUnavailable, UnreadableData } from '../../../application/ports/storage.js';
import { DomainError, type ErrorCode } from '../../../domain/errors.js';
import { InvalidFields } from '../../../domain/input.js';
import { Throttled } from '../../../domain/rate-limit.js';
import type { Context, Middleware } from '../context.js';
import { acceptsProblem } from '../request/accept.js';
import { fieldMessage } from '../response/field-messages.js';
import { HttpError, httpError, problemOf, tokenError } from '../response/http-error.js';
import { reply, replyAs } from '../response/reply.js';
import { describeError } from '../../../application/describe-error.js';

/** The response to every error of the use cases and the ports (docs/api.md, sections 1, 5, 6 and 9). */
export const errorResponses: Readonly<Record<ErrorCode | PortErrorCode, HttpError>> = {
  registration_closed: httpError(403, 'Registration is closed.', 'registration_closed'),
  invalid_credentials: httpError(
    401,
    'No active account found with the given credentials',
    'no_active_account',
  ),
  token_invalid: tokenError('Token is invalid or expired', 'token_not_valid'),
  token_wrong_type: tokenError('Token has wrong type', 'token_not_valid'),
  token_revoked: tokenError('Token is blacklisted', 'token_not_valid'),
  user_not_found: tokenError('User not found', 'user_not_found'),
  user_inactive: tokenError('User is inactive', 'user_inactive'),
  account_protected: httpError(
    403,
    'Everybody may use this account; its password cannot be changed, and it cannot be deleted.',
    'account_protected',
  ),
  no_active_account: httpError(401, 'No active account found for the given token.', 'no_active_account'),
  task_not_found: new HttpError(404, { error: 'Task not found' }),
  task_changed: httpError(412, 'The task has changed; read it again before you change it.'),
  task_limit_reached: httpError(
    403,
    'You have as many tasks as one user may have; delete some first.',
    'task_limit_reached',
  ),
  byte_limit_reached: httpError(
    403,
    'Your tasks have as much text as those of one user may have; delete some first.',
    'byte_limit_reached',
  ),
  too_many_reads: tooMany(
    'You have as many long lists in progress as one user may; try again when one has ended.',
    5,
    'too_many_reads',
  ),
  idempotency_key_limit_reached: tooMany(
    'You have used as many Idempotency-Keys as one user may in a day; send requests without one for now.',
    3600,
    'idempotency_key_limit_reached',
  ),
  session_not_found: new HttpError(404, { error: 'Session not found' }),
  not_staff: httpError(403, 'You do not have permission to perform this action.'),
  account_not_found: new HttpError(404, { error: 'User not found' }),
  last_administrator: httpError(
    409,
    'Nobody else is an active administrator; make somebody else one first.',
    'last_administrator',
  ),
  idempotency_key_reused: httpError(
    422,
    'Idempotency-Key was used for another task before.',
    'idempotency_key_reused',
  ),
  storage_unavailable: unavailable(1),
  overloaded: unavailable(5),
};

/** Turns every error of later middleware into a response. A 401 names the scheme. */
export function handleErrors(log: Log, authScheme: string): Middleware {
  return async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      replyWithError(ctx, error, log, authScheme);
    }
  };
}

/**
 * Responds to an error. An unexpected error is logged, and its response contains no details. If the response has already
 * begun, the connection is closed.
 */
export function replyWithError(ctx: Context, error: unknown, log: Log, authScheme: string): void {
  const translated = httpErrorFor(error);
  const { status, body } = translated;
  if (error instanceof PortError) ctx.state.failure = failureOf(error);
  if (status === 500) logUnexpected(error, ctx, log);
  if (ctx.res.headersSent) return void ctx.res.destroy();
  // Every 401 carries a challenge (RFC 6750, section 3).
  const challenge = status === 401 ? { 'WWW-Authenticate': `${authScheme} realm="api"` } : {};
  const headers = { ...translated.headers, ...challenge };
  if (acceptsProblem(ctx.req.headers.accept)) {
    replyAs(ctx, 'application/problem+json', status, JSON.stringify(problemOf(translated)), headers);
  } else {
    reply(ctx, status, body, headers);
  }
}

function logUnexpected(error: unknown, ctx: Context, log: Log): void {
  const { kind, at } = describeError(error);
  ctx.state.failure = kind;
  const { requestId } = ctx.state;
  if (error instanceof UnreadableData) {
    const { key, score } = error;
    return log.error({ requestId, key, score }, 'Unreadable data in the storage; left unchanged');
  }
  log.error({ requestId, kind, at }, 'Unexpected error while handling a request');
}

/** The response to any error. One that is unexpected gets a response without details. */
export function httpErrorFor(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  if (error instanceof DomainError || error instanceof PortError) return errorResponses[error.code];
  if (error instanceof InvalidFields) return new HttpError(400, messagesOf(error));
  if (error instanceof Throttled) return tooManyAttempts(error);
  // Thrown by middleware of embedding applications, for example with ctx.throw(403).
  if (error instanceof KoaHttpError) {
    const { status, expose, message, headers } = error;
    return new HttpError(status, { detail: expose ? message : 'Internal server error.' }, headers);
  }
  return internalError;
}

const internalError = httpError(500, 'Internal server error.');

function messagesOf({ issues }: InvalidFields): Record<string, string[]> {
  return Object.fromEntries(Object.entries(issues).map(([name, list]) => [name, list.map(fieldMessage)]));
}

function tooMany(detail: string, retryAfterSeconds: number, code?: string): HttpError {
  return new HttpError(429, { detail }, { 'Retry-After': String(retryAfterSeconds) }, code);
}

function tooManyAttempts({ wait }: Throttled): HttpError {
  const seconds = Math.max(1, Math.ceil(wait));
  const detail = `Request was throttled. Expected available in ${seconds} seconds.`;
  return tooMany(detail, seconds);
}

function failureOf(error: PortError): string {
  return error instanceof StorageUnavailable ? `storage: ${error.reason}` : error.code;
}

function unavailable(retryAfterSeconds: number): HttpError {
  const body = { detail: 'Service temporarily unavailable.' };
  return new HttpError(503, body, { 'Retry-After': String(retryAfterSeconds) });
}
