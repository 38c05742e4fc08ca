import { DomainError } from '../domain/errors.js';
import { validateAll, checkText, type Input } from '../domain/input.js';
import type { Client } from './ports/client.js';
import type { ConfirmPassword } from './confirm-password.js';
import type { ReportEvent } from './ports/events.js';
import type { SessionRef } from './ports/session-repository.js';
import type { UserRepository } from './ports/user-repository.js';

/**
 * Deletes the account of a user who knows its password, with all sessions and tasks. Throws InvalidFields,
 * 'account_protected', 'last_administrator', Throttled, 'overloaded', 'user_not_found', or 'token_revoked' if the session
 * ended concurrently.
 */
export class DeleteAccount {
  constructor(
    private readonly confirmPassword: ConfirmPassword,
    private readonly users: UserRepository,
    private readonly report: ReportEvent,
  ) {}

  async execute(session: SessionRef, input: Input, client: Client): Promise<void> {
    const { password } = validateAll<{ password: string }>({ password: checkText(input['password']) });
    await this.confirmPassword.execute(session.userId, ['password', password], client);
    const wasThere = await this.users.removeOwn(session);
    if (!wasThere) throw new DomainError('user_not_found');
    this.report({ event: 'account_deleted', userId: session.userId, by: 'user' });
  }
}
