import type { Authenticate } from '../../../application/authenticate.js';
import { DomainError, type ErrorCode } from '../../../domain/errors.js';
import type { Context, Middleware } from '../context.js';
import { errorResponses } from './error-handler.js';
import { HttpError, httpError } from '../response/http-error.js';

/** Middleware behind which `ctx.state.session` is there. The mark is for the compiler: see routes.ts. */
export type RequiresSession = Middleware & { readonly requiresSession: true };

function requiringSession(middleware: Middleware): RequiresSession {
  return Object.assign(middleware, { requiresSession: true } as const);
}

/** Middleware that reads the access token of a request (docs/api.md, section 6) into `ctx.state.session`. */
export class Authentication {
  constructor(private readonly authenticate: Authenticate) {}

  /** Lets everybody through; the header is never looked at. */
  readonly none: Middleware = (_ctx, next) => next();

  /**
   * 401 without a good access token. Whether its session is active is checked by the storage, in the round trip of
   * whatever the handler asks; where the handler fails before that, it is checked here, for a 401 is reported first.
   */
  readonly required = requiringSession(async (ctx, next) => {
    const token = requiredToken(ctx);
    try {
      await this.authenticate.withSession(token, (session) => {
        ctx.state.session = session;
        return next();
      });
    } catch (error) {
      throw toHttpError(ctx, error);
    }
  });

  /** Like `required`, with the session checked first as well: for handlers that compare passwords, which is costly. */
  readonly active = requiringSession(async (ctx, next) => {
    try {
      ctx.state.session = await this.authenticate.execute(requiredToken(ctx));
    } catch (error) {
      throw toHttpError(ctx, error);
    }
    await this.required(ctx, next);
  });

  /** 401 for a bad access token; without one the client stays unknown. */
  readonly optional: Middleware = (ctx, next) =>
    bearerToken(ctx) === undefined ? next() : this.active(ctx, next);
}

/** What to throw instead of an error, which may mean that the access token or its session is no good. */
function toHttpError(ctx: Context, error: unknown): unknown {
  if (!(error instanceof DomainError) || !accessTokenCodes.has(error.code)) return error;
  delete ctx.state.session;
  return accessTokenError(error.code);
}

/** What may be wrong with the user or session of an access token. */
const accessTokenCodes: ReadonlySet<ErrorCode> = new Set([
  'token_invalid',
  'token_wrong_type',
  'token_revoked',
  'user_not_found',
  'user_inactive',
]);

/** An access token in a header gets another body than a token in a body, with the same text inside. */
function accessTokenError(code: ErrorCode): HttpError {
  const { status, body } = errorResponses[code];
  if (!code.startsWith('token_')) return errorResponses[code];
  const message = 'detail' in body ? body.detail : undefined;
  return new HttpError(status, {
    detail: 'Given token not valid for any token type',
    code: 'token_not_valid',
    messages: [{ token_class: 'AccessToken', token_type: 'access', message }],
  });
}

function requiredToken(ctx: Context): string {
  const token = bearerToken(ctx);
  if (token === undefined) throw httpError(401, 'Authentication credentials were not provided.');
  return token;
}

/** The token after `Bearer`; undefined if the header is missing or of another scheme. */
function bearerToken(ctx: Context): string | undefined {
  const header = ctx.req.headers.authorization ?? '';
  const token = /^Bearer ([^\t-\r ]+)$/.exec(header)?.[1];
  if (token !== undefined) return token;

  const [scheme, ...values] = header.split(/[\t-\r ]+/).filter(Boolean);
  if (scheme !== 'Bearer') return undefined;
  if (values.length === 1) return values[0];
  const detail = 'Authorization header must contain two space-delimited values';
  throw httpError(401, detail, 'bad_authorization_header');
}
