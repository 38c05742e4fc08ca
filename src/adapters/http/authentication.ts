import type { Authenticate, Caller } from '../../application/authenticate.js';
import { DomainError, type ErrorCode } from '../../domain/errors.js';
import type { Context } from './context.js';
import { Refusal, refusal } from './refusal.js';

/** Tells who sent a request, by its Authorization header. Whoever is not who they say is refused with 401 (contract, section 6). */
export class Authentication {
  constructor(private readonly authenticate: Authenticate) {}

  /** The caller, who must say who they are. */
  async caller(ctx: Context): Promise<Caller> {
    const token = requiredToken(ctx);
    try {
      return identified(ctx, await this.authenticate.execute(token));
    } catch (error) {
      throw refusalOfCaller(ctx, error);
    }
  }

  /** Refuses those who say wrongly who they are; others may stay unknown. */
  async anybody(ctx: Context): Promise<void> {
    if (bearerToken(ctx) !== undefined) await this.caller(ctx);
  }

  /** Does something for the caller within their session, which `act` is to name to the storage. */
  async within<T>(ctx: Context, act: (caller: Caller) => Promise<T>): Promise<T> {
    const token = requiredToken(ctx);
    try {
      return await this.authenticate.within(token, (caller) => act(identified(ctx, caller)));
    } catch (error) {
      throw refusalOfCaller(ctx, error);
    }
  }
}

/** Lets the log know the caller. */
function identified(ctx: Context, caller: Caller): Caller {
  ctx.state.userId = caller.userId;
  return caller;
}

/** What to throw instead of an error, which may mean that the caller is not who they say. */
function refusalOfCaller(ctx: Context, error: unknown): unknown {
  if (!(error instanceof DomainError) || !refusalsOfCallers.has(error.code)) return error;
  delete ctx.state.userId;
  return refusals[error.code] ?? error;
}

const refusalsOfCallers: ReadonlySet<ErrorCode> = new Set([
  'token_invalid',
  'token_wrong_type',
  'token_revoked',
  'user_not_found',
  'user_inactive',
]);

/** What is wrong with an access token is told in other words than what is wrong with a token in a body. */
const refusals: Partial<Record<ErrorCode, Refusal>> = {
  token_invalid: accessTokenRefusal('Token is invalid or expired'),
  token_wrong_type: accessTokenRefusal('Token has wrong type'),
  token_revoked: accessTokenRefusal('Token is blacklisted'),
};

function accessTokenRefusal(message: string): Refusal {
  return new Refusal(401, {
    detail: 'Given token not valid for any token type',
    code: 'token_not_valid',
    messages: [{ token_class: 'AccessToken', token_type: 'access', message }],
  });
}

function requiredToken(ctx: Context): string {
  const token = bearerToken(ctx);
  if (token === undefined) throw refusal(401, 'Authentication credentials were not provided.');
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
  throw refusal(401, detail, 'bad_authorization_header');
}
