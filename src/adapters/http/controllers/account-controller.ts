import type { ChangePassword } from '../../../application/change-password.js';
import type { DeleteAccount } from '../../../application/delete-account.js';
import type { ManageSessions } from '../../../application/manage-sessions.js';
import type { Session } from '../../../domain/session.js';
import type { ReadClient } from '../request/client.js';
import { sessionOf, type Handler } from '../context.js';
import { reply } from '../response/reply.js';
import type { ReadFields } from '../request/body.js';

/** What callers do about their own account and its sessions. */
export class AccountController {
  constructor(
    private readonly readFields: ReadFields,
    private readonly readClient: ReadClient,
    private readonly passwords: ChangePassword,
    private readonly sessions: ManageSessions,
    private readonly accounts: DeleteAccount,
  ) {}

  readonly changePassword: Handler = async (ctx) => {
    const input = await this.readFields(ctx);
    await this.passwords.execute(sessionOf(ctx), input, this.readClient(ctx.req));
    reply(ctx, 200, { message: 'Password changed successfully' });
  };

  readonly listSessions: Handler = async (ctx) => {
    const current = sessionOf(ctx);
    const sessions = await this.sessions.list(current);
    reply(
      ctx,
      200,
      sessions.map((session) => presentSession(session, current.sessionId)),
    );
  };

  readonly endSession: Handler = async (ctx) => {
    await this.sessions.end(sessionOf(ctx), ctx.state.sessionId ?? '');
    reply(ctx, 200, { message: 'Session ended successfully' });
  };

  readonly logoutAll: Handler = async (ctx) => {
    await this.sessions.endAll(sessionOf(ctx));
    reply(ctx, 200, { message: 'Successfully logged out of all sessions' });
  };

  readonly delete: Handler = async (ctx) => {
    const input = await this.readFields(ctx);
    await this.accounts.execute(sessionOf(ctx), input, this.readClient(ctx.req));
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
