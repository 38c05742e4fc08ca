import { DomainError } from '../domain/errors.js';
import type { UserRepository } from './ports/user-repository.js';

/** Rejects a token for refresh or verification whose session is not active. The code says why. */
export async function throwSessionEnded(users: UserRepository, userId: number): Promise<never> {
  const user = await users.find(userId);
  throw new DomainError(user?.active ? 'token_revoked' : 'no_active_account');
}
