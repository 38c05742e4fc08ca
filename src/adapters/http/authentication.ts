import type { Authenticate, Caller } from '../../application/authenticate.js';
import { DomainError, type ErrorCode } from '../../domain/errors.js';
import type { Context } from './context.js';
import { Refusal, refusal } from './refusal.js';

/** Tells who sent a request, by its Authorization header. Whoever is not who they say is refused with 401 (contract, section 6). */
export class Authentication {
  constructor(private readonly authenticate: Authenticate) {}

  /** The caller, who must say who they are. */
  caller(ctx: Context): Promise<Caller> {
    return this.withToken(ctx, async (token) => {
      const caller = await this.authenticate.execute(token);
      ctx.state.userId = caller.userId;
      return caller;
    });
  }

  /** Refuses those who say wrongly who they are; others may stay unknown. */
  async anybody(ctx: Context): Promise<void> {
    if (bearerToken(ctx) !== undefined) await this.caller(ctx);
  }

  /** Reads something for the caller in the same trip to the storage in which their session is looked up. */
  whileReading<T>(ctx: Context, read: (caller: Caller) => Promise<T>): Promise<T> {
    return this.withToken(ctx, (token) =>
      this.authenticate.whileReading(token, (caller) => {
        ctx.state.userId = caller.userId;
        return read(caller);
      }),
    );
  }

  private async withToken<T>(ctx: Context, work: (token: string) => Promise<T>): Promise<T> {
    const token = bearerToken(ctx);
    if (token === undefined) throw refusal(401, 'Authentication credentials were not provided.');
    try {
      return await work(token);
    } catch (error) {
      throw (error instanceof DomainError && refusals[error.code]) || error;
    }
  }
}

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

/** The token after `Bearer`; undefined if the header is missing or of another scheme. */
function bearerToken(ctx: Context): string | undefined {
  const [scheme, token, ...more] = ctx
    .get('Authorization')
    .split(/[\t-\r ]+/)
    .filter(Boolean);
  if (scheme !== 'Bearer') return undefined;
  if (token === undefined || more.length > 0) {
    const detail = 'Authorization header must contain two space-delimited values';
    throw refusal(401, detail, 'bad_authorization_header');
  }
  return token;
}
