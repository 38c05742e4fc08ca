import { DomainError } from '../domain/errors.js';
import { InvalidFields } from '../domain/input.js';
import type { User } from '../domain/user.js';
import type { CheckPassword } from './check-password.js';
import type { Client } from './ports/client.js';
import type { UserRepository } from './ports/user-repository.js';

/** A password that somebody gave, and the field that they gave it in. */
type PasswordField = readonly [field: string, password: string];

/** Asks those who have signed in for their password once more. An attempt counts as one to sign in does. */
export class ConfirmPassword {
  constructor(
    private readonly users: UserRepository,
    private readonly checkPassword: CheckPassword,
  ) {}

  /**
   * The user, provided that this is their password, which takes one comparison. Throws InvalidFields otherwise, Throttled,
   * 'overloaded', or 'user_not_found' if the user was deleted a moment ago.
   */
  async execute(userId: number, [field, password]: PasswordField, client: Client): Promise<User> {
    const user = await this.users.find(userId);
    if (!user) throw new DomainError('user_not_found');
    const checked = await this.checkPassword.execute(user.username, password, client);
    if (checked?.id !== userId) throw new InvalidFields({ [field]: [{ code: 'password_incorrect' }] });
    return checked;
  }
}
