import type { ChangePassword } from '../../../application/change-password.js';
import type { DeleteAccount } from '../../../application/delete-account.js';
import type { ManageSessions } from '../../../application/manage-sessions.js';
import type { ReadAccount } from '../../../application/read-account.js';
import type { ReadClient } from '../request/client.js';
import type { SessionHandler } from '../context.js';
import { presentOwnAccount, presentSession } from '../response/account-json.js';
import { reply } from '../response/reply.js';
import type { ReadFields } from '../request/body.js';

/** Handlers for the user's own account and its sessions. */
export class AccountController {
  constructor(
    private readonly readFields: ReadFields,
    private readonly readClient: ReadClient,
    private readonly account: ReadAccount,
    private readonly passwords: ChangePassword,
    private readonly sessions: ManageSessions,
    private readonly accounts: DeleteAccount,
  ) {}

  readonly get: SessionHandler = async (ctx) => {
    reply(ctx, 200, presentOwnAccount(await this.account.execute(ctx.state.session)));
  };

  readonly changePassword: SessionHandler = async (ctx) => {
    const input = await this.readFields(ctx);
    await this.passwords.execute(ctx.state.session, input, this.readClient(ctx.req));
    reply(ctx, 200, { message: 'Password changed successfully' });
  };

  readonly listSessions: SessionHandler = async (ctx) => {
    const current = ctx.state.session;
    const sessions = await this.sessions.list(current);
    reply(
      ctx,
      200,
      sessions.map((session) => presentSession(session, current.sessionId)),
    );
  };

  readonly endSession: SessionHandler = async (ctx) => {
    await this.sessions.end(ctx.state.session, ctx.state.sessionId ?? '');
    reply(ctx, 200, { message: 'Session ended successfully' });
  };

  readonly logoutAll: SessionHandler = async (ctx) => {
    await this.sessions.endAll(ctx.state.session);
    reply(ctx, 200, { message: 'Successfully logged out of all sessions' });
  };

  readonly delete: SessionHandler = async (ctx) => {
    const input = await this.readFields(ctx);
    await this.accounts.execute(ctx.state.session, input, this.readClient(ctx.req));
    reply(ctx, 200, { message: 'Account deleted successfully' });
  };
}
