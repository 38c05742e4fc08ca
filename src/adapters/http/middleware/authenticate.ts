import type { Authenticate } from '../../../application/authenticate.js';
import { DomainError, type ErrorCode } from '../../../domain/errors.js';
import type { Context, Middleware } from '../context.js';
import { errorResponses } from './error-handler.js';
import { HttpError, httpError, tokenError } from '../response/http-error.js';

/**
 * Middleware that authenticates, marked with whether it needs an access token. After middleware that requires one,
 * `ctx.state.session` is set.
 */
export type Access<Token extends 'required' | 'optional' | 'ignored' = 'required' | 'optional' | 'ignored'> =
  Middleware & { readonly token: Token };

function access<Token extends 'required' | 'optional' | 'ignored'>(
  token: Token,
  middleware: Middleware,
): Access<Token> {
  return Object.assign(middleware, { token });
}

/** Middleware that reads the access token of a request (docs/api.md, section 6) into `ctx.state.session`. */
export class Authentication {
  private readonly schemes: ReadonlySet<string>;
  /** Matches a header as nearly all clients send it. */
  private readonly usual: RegExp;

  /** The schemes stand before a token, and are case-sensitive. */
  constructor(
    private readonly authenticate: Authenticate,
    schemes: readonly string[],
  ) {
    this.schemes = new Set(schemes);
    const escaped = schemes.map((scheme) => scheme.replaceAll(/[$*+.^|]/g, String.raw`\$&`));
    this.usual = new RegExp(`^(?:${escaped.join('|')}) ([^\\t-\\r ]+)$`);
  }

  /** No authentication; the Authorization header is ignored. */
  readonly none = access('ignored', (_ctx, next) => next());

  /**
   * Responds with 401 unless there is a valid access token. The storage checks that its session is active, in the same
   * round trip as the handler's own call. If the handler fails before that call, the session is checked here, because a
   * 401 takes precedence.
   */
  readonly required = access('required', async (ctx, next) => {
    const token = this.requiredToken(ctx);
    try {
      await this.authenticate.withSession(token, (session) => {
        ctx.state.session = session;
        return next();
      });
    } catch (error) {
      throw toHttpError(ctx, error);
    }
  });

  /** Like `required`, and checks the session before the handler runs: for handlers that compare passwords, a costly step. */
  readonly active = access('required', async (ctx, next) => {
    try {
      ctx.state.session = await this.authenticate.execute(this.requiredToken(ctx));
    } catch (error) {
      throw toHttpError(ctx, error);
    }
    await this.required(ctx, next);
  });

  /** Like `active` for requests with an access token; requests without one pass unauthenticated. */
  readonly optional = access('optional', (ctx, next) =>
    this.tokenIn(ctx) === undefined ? next() : this.active(ctx, next),
  );

  private requiredToken(ctx: Context): string {
    const token = this.tokenIn(ctx);
    if (token === undefined) throw notAuthenticated;
    return token;
  }

  /** The token in the Authorization header; undefined if the header is missing or of another scheme. */
  private tokenIn(ctx: Context): string | undefined {
    const header = ctx.req.headers.authorization ?? '';
    const token = this.usual.exec(header)?.[1];
    if (token !== undefined) return token;

    const [scheme = '', ...values] = header.split(/[\t-\r ]+/).filter(Boolean);
    if (!this.schemes.has(scheme)) return undefined;
    if (values.length === 1) return values[0];
    throw badAuthorizationHeader;
  }
}

export const notAuthenticated = httpError(
  401,
  'Authentication credentials were not provided.',
  'not_authenticated',
);
export const badAuthorizationHeader = tokenError(
  'Authorization header must contain two space-delimited values',
  'bad_authorization_header',
);

/** The 401 for an error that means an invalid access token or an ended session; any other error as it is. */
function toHttpError(ctx: Context, error: unknown): unknown {
  if (!(error instanceof DomainError) || !accessTokenCodes.has(error.code)) return error;
  delete ctx.state.session;
  return accessTokenError(error.code);
}

/** Errors that concern an access token, its session or its user. */
export const accessTokenCodes: ReadonlySet<ErrorCode> = new Set([
  'token_invalid',
  'token_wrong_type',
  'token_revoked',
  'user_not_found',
  'user_inactive',
]);

/** A token in a header gets another error body than a token in a request body, with the same text inside. */
export function accessTokenError(code: ErrorCode): HttpError {
  const { status, body } = errorResponses[code];
  if (!code.startsWith('token_')) return errorResponses[code];
  const message = 'detail' in body ? body.detail : undefined;
  const error = {
    detail: 'Given token not valid for any token type',
    code: 'token_not_valid',
    messages: [{ token_class: 'AccessToken', token_type: 'access', message }],
  };
  return new HttpError(status, error, {}, error.code);
}
