import { DomainError } from '../domain/errors.js';
import { validateAll } from '../domain/input.js';
import { maxPageSize } from '../domain/page.js';
import { requireStrongPassword } from '../domain/password-policy.js';
import { checkNewPassword, normaliseUsername, type User } from '../domain/user.js';
import type { CreateUser } from './create-user.js';
import type { ReportEvent } from './ports/events.js';
import type { PasswordHasher } from './ports/password-hasher.js';
import type { UserRepository } from './ports/user-repository.js';

/** Manages accounts by name, for the operator. Throws 'user_not_found' if there is no such user. */
export class ManageUsers {
  constructor(
    private readonly users: UserRepository,
    private readonly hasher: PasswordHasher,
    private readonly createUser: CreateUser,
    private readonly report: ReportEvent,
  ) {}

  /**
   * Creates a user, even if registration is closed, and without rate limits. Throws InvalidFields, as registration
   * does.
   */
  create(username: string, password: string): Promise<User> {
    return this.createUser.execute({ username, password });
  }

  async activate(username: string): Promise<void> {
    const user = await this.get(username);
    requireFound(await this.users.activate(user.id));
  }

  /** Deactivates a user, and ends all their sessions. */
  async deactivate(username: string): Promise<void> {
    const user = await this.get(username);
    requireFound(await this.users.deactivate(user.id));
    this.report({ event: 'session_ended', userId: user.id, by: 'operator' });
  }

  /** Deletes a user with all sessions and tasks. */
  async delete(username: string): Promise<void> {
    const user = await this.get(username);
    requireFound(await this.users.remove(user.id));
    this.report({ event: 'account_deleted', userId: user.id, by: 'operator' });
  }

  /**
   * Sets a new password, and ends all the user's sessions. Throws InvalidFields for a weak one, as registration does.
   */
  async setPassword(username: string, input: string): Promise<void> {
    const user = await this.get(username);
    const { password } = validateAll<{ password: string }>({ password: checkNewPassword(input) });
    requireStrongPassword(password, user.username);
    requireFound(await this.users.setPasswordHash(user.id, await this.hasher.hash(password)));
    this.report({ event: 'password_changed', userId: user.id, by: 'operator' });
    this.report({ event: 'session_ended', userId: user.id, by: 'password' });
  }

  /** All users, ordered by id. */
  async *list(): AsyncGenerator<User, void, undefined> {
    for (let after: number | undefined = 0; after !== undefined;) {
      const users: readonly User[] = await this.users.list({ after, limit: maxPageSize });
      yield* users;
      after = users[maxPageSize - 1]?.id;
    }
  }

  private async get(username: string): Promise<User> {
    const user = await this.users.findByName(normaliseUsername(username));
    if (!user) throw new DomainError('user_not_found');
    return user;
  }
}

function requireFound(done: boolean): void {
  if (!done) throw new DomainError('user_not_found');
}
