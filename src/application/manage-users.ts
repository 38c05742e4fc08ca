import { DomainError } from '../domain/errors.js';
import { validateAll } from '../domain/input.js';
import { requireStrongPassword } from '../domain/password-policy.js';
import type { Session } from '../domain/session.js';
import { checkNewPassword, type User } from '../domain/user.js';
import type { ListedUser } from './browse-users.js';
import type { CreateUser } from './create-user.js';
import { allUsers, nameContaining, userNamed } from './find-users.js';
import type { ManageThrottles } from './manage-throttles.js';
import type { Archive } from './ports/archive.js';
import type { ReportEvent } from './ports/events.js';
import type { PasswordHasher } from './ports/password-hasher.js';
import type { SessionRepository } from './ports/session-repository.js';
import type { StaffRepository } from './ports/staff-repository.js';
import type { TaskRepository } from './ports/task-repository.js';
import type { UserRepository } from './ports/user-repository.js';
import type { RecordAct } from './record-act.js';

/** A user, with what they have in numbers. */
export interface UserSummary extends ListedUser {
  readonly sessions: number;
  readonly tasks: number;
  /** All titles and descriptions together, in bytes of UTF-8. */
  readonly bytes: number;
}

/**
 * Manages accounts by name, for the operator. Throws 'user_not_found' if there is no such user. Every act gets a record in
 * the audit log once it is done.
 */
export class ManageUsers {
  constructor(
    private readonly users: UserRepository,
    private readonly sessionsByUser: SessionRepository,
    private readonly tasks: TaskRepository,
    private readonly archive: Archive,
    private readonly hasher: PasswordHasher,
    private readonly createUser: CreateUser,
    private readonly throttles: ManageThrottles,
    private readonly report: ReportEvent,
    private readonly staff: StaffRepository,
    private readonly recordAct: RecordAct,
  ) {}

  /** Throws InvalidFields unless a user of this name can be created now. */
  requireAvailable(username: string): Promise<void> {
    return this.createUser.requireAvailable(username);
  }

  /**
   * Creates a user, even if registration is closed, and without rate limits. Throws InvalidFields, as registration
   * does.
   */
  async create(username: string, password: string): Promise<User> {
    const user = await this.createUser.execute({ username, password });
    await this.recordAct.execute('create', user);
    return user;
  }

  /** Makes a user staff, who may be staff already. Throws 'user_inactive'. */
  async promote(username: string): Promise<void> {
    const user = await this.get(username);
    if (!(await this.staff.add(user.id))) {
      throw new DomainError((await this.users.find(user.id)) ? 'user_inactive' : 'user_not_found');
    }
    await this.recordAct.execute('promote', user);
  }

  /** Takes the right of staff away. Throws 'not_staff' and 'last_administrator'. */
  async demote(username: string): Promise<void> {
    const user = await this.get(username);
    if (!(await this.staff.remove(user.id))) throw new DomainError('not_staff');
    await this.recordAct.execute('demote', user);
  }

  async activate(username: string): Promise<void> {
    const user = await this.get(username);
    requireFound(await this.users.activate(user.id));
    await this.recordAct.execute('activate', user);
  }

  /** Deactivates a user, and ends all their sessions. They are staff no more. Throws 'last_administrator'. */
  async deactivate(username: string): Promise<void> {
    const user = await this.get(username);
    requireFound(await this.users.deactivate(user.id));
    this.report({ event: 'session_ended', userId: user.id, by: 'operator' });
    await this.recordAct.execute('deactivate', user);
  }

  /** Deletes a user with all sessions and tasks. Throws 'last_administrator'. */
  async delete(username: string): Promise<void> {
    const user = await this.get(username);
    requireFound(await this.users.remove(user.id));
    this.report({ event: 'account_deleted', userId: user.id, by: 'operator' });
    await this.recordAct.execute('delete', user);
  }

  /**
   * Sets a new password, ends all the user's sessions, and lifts the limits that were reached under the name. Throws
   * InvalidFields for a weak one, as registration does.
   */
  async setPassword(username: string, input: string): Promise<void> {
    const user = await this.get(username);
    const { password } = validateAll<{ password: string }>({ password: checkNewPassword(input) });
    requireStrongPassword(password, user.username);
    // If the limits cannot be lifted, the operator hears of it before the password is another one.
    await this.throttles.clearUser(user.username);
    requireFound(await this.users.setPasswordHash(user.id, await this.hasher.hash(password)));
    this.report({ event: 'password_changed', userId: user.id, by: 'operator' });
    this.report({ event: 'session_ended', userId: user.id, by: 'password' });
    await this.recordAct.execute('set_password', user);
  }

  /** Whether there was ever a user, who may be deleted by now. */
  async hasHadUsers(): Promise<boolean> {
    return (await this.archive.lastUserId()) > 0;
  }

  get(username: string): Promise<User> {
    return userNamed(this.users, username);
  }

  async show(username: string): Promise<UserSummary> {
    const user = await this.get(username);
    const [sessions, { count, bytes }, staff] = await Promise.all([
      this.sessionsByUser.listOf(user.id),
      this.tasks.summaryOf(user.id),
      this.staff.list(),
    ]);
    const isStaff = staff.includes(user.id);
    return { user, isStaff, sessions: sessions.length, tasks: count, bytes };
  }

  /** The user's active sessions, in the order in which they were opened. */
  async sessions(username: string): Promise<readonly Session[]> {
    const user = await this.get(username);
    return this.sessionsByUser.listOf(user.id);
  }

  /** Ends all the user's sessions, and resolves to how many were active. */
  async logout(username: string): Promise<number> {
    const user = await this.get(username);
    const ended = await this.sessionsByUser.endAllOf(user.id);
    if (ended > 0) this.report({ event: 'session_ended', userId: user.id, by: 'operator' });
    await this.recordAct.execute('end_sessions', user);
    return ended;
  }

  /** All users whose name contains the text, in any case, ordered by id. */
  async *list(text = ''): AsyncGenerator<ListedUser, void, undefined> {
    const isFound = nameContaining(text);
    const staff = new Set(await this.staff.list());
    for await (const user of allUsers(this.users)) {
      if (isFound(user)) yield { user, isStaff: staff.has(user.id) };
    }
  }
}

function requireFound(done: boolean): void {
  if (!done) throw new DomainError('user_not_found');
}
