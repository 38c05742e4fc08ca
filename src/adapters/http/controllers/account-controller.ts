import type { ChangePassword } from '../../../application/change-password.js';
import type { DeleteAccount } from '../../../application/delete-account.js';
import type { ManageSessions } from '../../../application/manage-sessions.js';
import type { Session } from '../../../domain/session.js';
import type { ReadClient } from '../request/client.js';
import type { SessionHandler } from '../context.js';
import { reply } from '../response/reply.js';
import type { ReadFields } from '../request/body.js';

/** Handlers for the user's own account and its sessions. */
export class AccountController {
  constructor(
    private readonly readFields: ReadFields,
    private readonly readClient: ReadClient,
    private readonly passwords: ChangePassword,
    private readonly sessions: ManageSessions,
    private readonly accounts: DeleteAccount,
  ) {}

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

function presentSession({ id, openedAt, lastUsedAt, address }: Session, currentId: string): object {
  return {
    id,
    current: id === currentId,
    signed_in_at: dateTime(openedAt),
    last_used_at: dateTime(lastUsedAt),
    address: address ?? null,
  };
}

/** Whole seconds since the epoch as an RFC 3339 date and time. */
function dateTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000', '');
}
