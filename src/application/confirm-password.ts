import { DomainError } from '../domain/errors.js';
import { InvalidFields } from '../domain/fields.js';
import type { User } from '../domain/user.js';
import type { PasswordHasher, UserRepository } from './ports.js';

/**
 * The user, provided that this is their password, which takes one comparison. Otherwise throws InvalidFields for the field
 * that the password was in, or 'user_not_found' if the user was deleted a moment ago.
 */
export async function confirmPassword(
  users: UserRepository,
  hasher: PasswordHasher,
  userId: number,
  [field, password]: readonly [field: string, password: string],
): Promise<User> {
  const user = await users.find(userId);
  if (!user) throw new DomainError('user_not_found');
  if (await hasher.verify(password, user.passwordHash)) return user;
  throw new InvalidFields({ [field]: [{ code: 'password_incorrect' }] });
}
