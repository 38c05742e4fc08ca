import { DomainError } from '../domain/errors.js';
import type { User } from '../domain/user.js';
import type { SessionRef, SessionRepository } from './ports/session-repository.js';
import type { UserRepository } from './ports/user-repository.js';

/** Reads a user's own account. Throws 'token_revoked' if the session is not active, or 'user_not_found'. */
export class ReadAccount {
  constructor(
    private readonly sessions: SessionRepository,
    private readonly users: UserRepository,
  ) {}

  async execute(session: SessionRef): Promise<User> {
    const [active, user] = await Promise.all([this.sessions.find(session), this.users.find(session.userId)]);
    if (!active) throw new DomainError('token_revoked');
    if (!user) throw new DomainError('user_not_found');
    return user;
  }
}
