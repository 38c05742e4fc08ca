import { DomainError } from '../domain/errors.js';
import { InvalidFields } from '../domain/fields.js';
import type { User } from '../domain/user.js';
import type { LimitAttempts } from './limit-attempts.js';
import type { PasswordHasher, UserRepository } from './ports.js';

/** A password that somebody gave, and the field that they gave it in. */
type Given = readonly [field: string, password: string];

/** Asks those who have signed in for their password once more. An attempt counts as one to sign in does, right or wrong. */
export class ConfirmPassword {
  constructor(
    private readonly limits: LimitAttempts,
    private readonly users: UserRepository,
    private readonly hasher: PasswordHasher,
  ) {}

  /**
   * The user, provided that this is their password, which takes one comparison. Throws InvalidFields otherwise, Throttled,
   * or 'user_not_found' if the user was deleted a moment ago.
   */
  async execute(userId: number, [field, password]: Given, address: string): Promise<User> {
    const user = await this.users.find(userId);
    if (!user) throw new DomainError('user_not_found');
    await this.limits.signIn(address, user.username);
    const matches = await this.hasher.verify(password, user.passwordHash);
    if (!matches) throw new InvalidFields({ [field]: [{ code: 'password_incorrect' }] });
    await this.limits.signedIn(address, user.username);
    return user;
  }
}
