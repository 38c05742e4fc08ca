import { DomainError } from '../domain/errors.js';
import { InvalidFields } from '../domain/input.js';
import type { User } from '../domain/user.js';
import type { CheckPassword } from './check-password.js';
import type { Client } from './ports/client.js';
import type { UserRepository } from './ports/user-repository.js';

/** A password, and the field of the request that it came in. */
type PasswordField = readonly [field: string, password: string];

/** User names whose accounts nobody may change or delete. */
export type ProtectedNames = ReadonlySet<string>;

/**
 * Checks the password of a signed-in user again, before their account is changed. An attempt counts like an attempt to
 * sign in.
 */
export class ConfirmPassword {
  constructor(
    private readonly users: UserRepository,
    private readonly checkPassword: CheckPassword,
    private readonly protectedNames: ProtectedNames,
  ) {}

  /**
   * The user, if this is their password. Takes one comparison. Throws InvalidFields if the password is wrong,
   * 'account_protected', Throttled, 'overloaded', or 'user_not_found' if the user was deleted concurrently.
   */
  async execute(userId: number, [field, password]: PasswordField, client: Client): Promise<User> {
    const user = await this.users.find(userId);
    if (!user) throw new DomainError('user_not_found');
    if (this.protectedNames.has(user.username)) throw new DomainError('account_protected');
    const { username } = user;
    const checked = await this.checkPassword.execute({ username, given: username, password }, client);
    if (checked?.id !== userId) throw new InvalidFields({ [field]: [{ code: 'password_incorrect' }] });
    return checked;
  }
}
