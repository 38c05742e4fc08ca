import { DomainError } from '../domain/errors.js';
import type { User } from '../domain/user.js';
import type { SessionRef, SessionRepository } from './ports/session-repository.js';
import type { StaffRepository } from './ports/staff-repository.js';
import { StorageUnavailable, UnreadableData } from './ports/storage.js';
import type { UserRepository } from './ports/user-repository.js';

/** One's own account. */
export interface Account {
  readonly user: User;
  /** False, too, if the storage cannot say it now. */
  readonly isStaff: boolean;
}

/** Reads a user's own account. Throws 'token_revoked' if the session is not active, or 'user_not_found'. */
export class ReadAccount {
  constructor(
    private readonly sessions: SessionRepository,
    private readonly users: UserRepository,
    private readonly staff: StaffRepository,
  ) {}

  async execute(session: SessionRef): Promise<Account> {
    const [user, isStaff] = await Promise.all([this.user(session), this.isStaff(session)]);
    return { user, isStaff };
  }

  /** The user alone. */
  async user(session: SessionRef): Promise<User> {
    const [active, user] = await Promise.all([this.sessions.find(session), this.users.find(session.userId)]);
    if (!active) throw new DomainError('token_revoked');
    if (!user) throw new DomainError('user_not_found');
    return user;
  }

  /** False if the storage cannot say it: what it knows of all staff may be elsewhere than accounts, which go on working. */
  private async isStaff(session: SessionRef): Promise<boolean> {
    try {
      await this.staff.authorise(session);
      return true;
    } catch (error) {
      const isTold = error instanceof DomainError || error instanceof StorageUnavailable;
      if (isTold || error instanceof UnreadableData) return false;
      throw error;
    }
  }
}
