import type { Authenticate, Caller } from '../../application/authenticate.js';
import { DomainError, type ErrorCode } from '../../domain/errors.js';
import type { Context } from './context.js';
import { Refusal, refusal } from './refusal.js';

/** Tells who sent a request, by its Authorization header. Whoever is not who they say is refused with 401 (contract, section 6). */
export class Authentication {
  constructor(private readonly authenticate: Authenticate) {}

  /** The caller, who must say who they are. */
  caller(ctx: Context): Promise<Caller> {
    return this.identified(ctx, async (token, identify) => identify(await this.authenticate.execute(token)));
  }

  /** Refuses those who say wrongly who they are; others may stay unknown. */
  async anybody(ctx: Context): Promise<void> {
    if (bearerToken(ctx) !== undefined) await this.caller(ctx);
  }

  /** Reads something for the caller in the same trip to the storage in which their session is looked up. */
  whileReading<T>(ctx: Context, read: (caller: Caller) => Promise<T>): Promise<T> {
    return this.identified(ctx, (token, identify) =>
      this.authenticate.whileReading(token, (caller) => read(identify(caller))),
    );
  }

  /** Changes something for the caller, who names their session to the storage, in one trip if all is well. */
  whileChanging<T>(ctx: Context, change: (caller: Caller) => Promise<T>): Promise<T> {
    return this.identified(ctx, (token, identify) =>
      this.authenticate.whileChanging(token, (caller) => change(identify(caller))),
    );
  }

  /** Lets the log know the caller, unless they turn out to be refused. */
  private async identified<T>(
    ctx: Context,
    act: (token: string, identify: (caller: Caller) => Caller) => Promise<T>,
  ): Promise<T> {
    const token = bearerToken(ctx);
    if (token === undefined) throw refusal(401, 'Authentication credentials were not provided.');
    try {
      return await act(token, (caller) => {
        ctx.state.userId = caller.userId;
        return caller;
      });
    } catch (error) {
      if (!(error instanceof DomainError) || !refusalsOfCallers.has(error.code)) throw error;
      delete ctx.state.userId;
      throw refusals[error.code] ?? error;
    }
  }
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
