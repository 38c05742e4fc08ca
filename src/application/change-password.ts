import { validateAll, checkText, type Input } from '../domain/input.js';
import { requireStrongPassword } from '../domain/password-policy.js';
import { checkNewPassword } from '../domain/user.js';
import type { Client } from './ports/client.js';
import type { ConfirmPassword } from './confirm-password.js';
import type { ReportEvent } from './ports/events.js';
import type { PasswordHasher } from './ports/password-hasher.js';
import type { SessionRef } from './ports/session-repository.js';
import type { UserRepository } from './ports/user-repository.js';

/**
 * Sets a new password for a user who knows the old one, and ends all their other sessions. Throws InvalidFields,
 * 'account_protected', Throttled, 'overloaded', 'user_not_found', or 'token_revoked' if the session ended concurrently.
 */
export class ChangePassword {
  constructor(
    private readonly confirmPassword: ConfirmPassword,
    private readonly users: UserRepository,
    private readonly hasher: PasswordHasher,
    private readonly report: ReportEvent,
  ) {}

  async execute(session: SessionRef, input: Input, client: Client): Promise<void> {
    const passwords = validateAll<{ old_password: string; new_password: string }>({
      old_password: checkText(input['old_password']),
      new_password: checkNewPassword(input['new_password']),
    });
    const old = ['old_password', passwords.old_password] as const;

    let user = await this.confirmPassword.execute(session.userId, old, client);
    requireStrongPassword(passwords.new_password, user.username, 'new_password');
    const hash = await this.hasher.hash(passwords.new_password, { client, isTrusted: true });
    // Repeats only if a concurrent sign-in has rehashed the old password.
    while (!(await this.users.changePasswordHash(session, user.passwordHash, hash))) {
      user = await this.confirmPassword.execute(session.userId, old, client);
    }
    const { userId } = session;
    this.report({ event: 'password_changed', userId, by: 'user' });
    this.report({ event: 'session_ended', userId, by: 'password' });
  }
}
