import type { ChangePassword } from '../../application/change-password.js';
import type { DeleteAccount } from '../../application/delete-account.js';
import type { ManageSessions } from '../../application/manage-sessions.js';
import type { Session } from '../../domain/session.js';
import { answer } from './answer.js';
import type { Authentication } from './authentication.js';
import type { ReadClient } from './client.js';
import type { Action } from './context.js';
import type { ReadFields } from './request-body.js';

/** What callers do about their own account and its sessions. */
export class AccountController {
  constructor(
    private readonly authentication: Authentication,
    private readonly readFields: ReadFields,
    private readonly readClient: ReadClient,
    private readonly passwords: ChangePassword,
    private readonly sessions: ManageSessions,
    private readonly accounts: DeleteAccount,
  ) {}

  readonly changePassword: Action = async (ctx) => {
    await this.authentication.caller(ctx); // No password is compared for an ended session.
    await this.authentication.within(ctx, async (caller) =>
      this.passwords.execute(caller, await this.readFields(ctx), this.readClient(ctx.req)),
    );
    answer(ctx, 200, { message: 'Password changed successfully' });
  };

  readonly listSessions: Action = async (ctx) => {
    const sessions = await this.authentication.within(ctx, async (caller) =>
      (await this.sessions.list(caller)).map((session) => described(session, caller.sessionId)),
    );
    answer(ctx, 200, sessions);
  };

  readonly endSession: Action = async (ctx) => {
    const { sessionId = '' } = ctx.state;
    await this.authentication.within(ctx, (caller) => this.sessions.end(caller, sessionId));
    answer(ctx, 200, { message: 'Session ended successfully' });
  };

  readonly logoutAll: Action = async (ctx) => {
    await this.authentication.within(ctx, (caller) => this.sessions.endAll(caller));
    answer(ctx, 200, { message: 'Successfully logged out of all sessions' });
  };

  readonly delete: Action = async (ctx) => {
    await this.authentication.caller(ctx); // No password is compared for an ended session.
    await this.authentication.within(ctx, async (caller) =>
      this.accounts.execute(caller, await this.readFields(ctx), this.readClient(ctx.req)),
    );
    answer(ctx, 200, { message: 'Account deleted successfully' });
  };
}

function described({ id, openedAt, lastUsedAt, address }: Session, currentId: string): object {
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
