import { DomainError } from '../domain/errors.js';
import { allValid, checkText, type Fields } from '../domain/fields.js';
import type { Caller } from './authenticate.js';
import { confirmPassword } from './confirm-password.js';
import type { PasswordHasher, UserRepository } from './ports.js';

/**
 * Deletes the account of a caller who knows its password, with all sessions and tasks.
 * Throws InvalidFields, 'user_not_found', or 'token_revoked' if the session they call from has ended meanwhile.
 */
export class DeleteAccount {
  constructor(
    private readonly users: UserRepository,
    private readonly hasher: PasswordHasher,
  ) {}

  async execute({ userId, sessionId }: Caller, input: Fields): Promise<void> {
    const { password } = allValid<{ password: string }>({ password: checkText(input['password']) });
    await confirmPassword(this.users, this.hasher, userId, ['password', password]);
    const wasThere = await this.users.remove(userId, sessionId);
    if (!wasThere) throw new DomainError('user_not_found');
  }
}
