import { DomainError } from '../domain/errors.js';
import type { UserRepository } from './ports/user-repository.js';

/** Refuses a token that is to be exchanged or verified and whose session is not held: says why, as far as it is known. */
export async function throwSessionEnded(users: UserRepository, userId: number): Promise<never> {
  const user = await users.find(userId);
  throw new DomainError(user?.active ? 'token_revoked' : 'no_active_account');
}
