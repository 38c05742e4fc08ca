import type { IssueTokens } from '../../../application/issue-tokens.js';
import type { Logout } from '../../../application/logout.js';
import type { RefreshToken } from '../../../application/refresh-token.js';
import type { RegisterUser } from '../../../application/register-user.js';
import type { UsePasswordLink } from '../../../application/use-password-link.js';
import type { VerifyToken } from '../../../application/verify-token.js';
import { DomainError } from '../../../domain/errors.js';
import type { ReadClient } from '../request/client.js';
import type { Handler } from '../context.js';
import { reply } from '../response/reply.js';
import { HttpError } from '../response/http-error.js';
import type { ReadFields } from '../request/body.js';

/** Verification has a response of its own for a token whose session has ended, as the replaced backend has. */
export const verifiedAsRevoked = new HttpError(400, { non_field_errors: ['Token is blacklisted'] });

/** Handlers for registration, sign-in, tokens and password links. */
export class AuthController {
  constructor(
    private readonly readFields: ReadFields,
    private readonly readClient: ReadClient,
    private readonly registerUser: RegisterUser,
    private readonly issueTokens: IssueTokens,
    private readonly refreshToken: RefreshToken,
    private readonly verifyToken: VerifyToken,
    private readonly logoutOfSession: Logout,
    private readonly usePasswordLink: UsePasswordLink,
  ) {}

  readonly register: Handler = async (ctx) => {
    this.registerUser.requireOpen();
    await this.registerUser.execute(await this.readFields(ctx), this.readClient(ctx.req));
    reply(ctx, 201, { message: 'User registered successfully' });
  };

  readonly signIn: Handler = async (ctx) => {
    const fields = await this.readFields(ctx);
    reply(ctx, 200, await this.issueTokens.execute(fields, this.readClient(ctx.req)));
  };

  readonly refresh: Handler = async (ctx) => {
    const fields = await this.readFields(ctx);
    reply(ctx, 200, await this.refreshToken.execute(fields, this.readClient(ctx.req).address));
  };

  readonly verify: Handler = async (ctx) => {
    const fields = await this.readFields(ctx);
    try {
      await this.verifyToken.execute(fields);
    } catch (error) {
      const isRevoked = error instanceof DomainError && error.code === 'token_revoked';
      throw isRevoked ? verifiedAsRevoked : error;
    }
    reply(ctx, 200, {});
  };

  readonly logout: Handler = async (ctx) => {
    await this.logoutOfSession.execute(await this.readFields(ctx));
    reply(ctx, 200, { message: 'Successfully logged out' });
  };

  readonly resetPassword: Handler = async (ctx) => {
    await this.usePasswordLink.execute(await this.readFields(ctx), this.readClient(ctx.req));
    reply(ctx, 200, { message: 'Password set successfully' });
  };

  /** Logs out like `logout`, with the response of Simple JWT's own view. */
  readonly blacklist: Handler = async (ctx) => {
    await this.logoutOfSession.execute(await this.readFields(ctx));
    reply(ctx, 200, {});
  };
}
