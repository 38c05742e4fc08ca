import type { Clock } from '../../application/ports/environment.js';
import type { SessionRef } from '../../application/ports/session-repository.js';
import type { UserRepository } from '../../application/ports/user-repository.js';
import type { Page } from '../../domain/page.js';
import { opensWith, type PasswordLink } from '../../domain/password-link.js';
import type { NewUser, User } from '../../domain/user.js';
import type { InMemorySessionRepository } from './in-memory-session-repository.js';
import type { InMemoryTaskRepository } from './in-memory-task-repository.js';
import type { StaffMembers } from './staff-members.js';

/** Shares `accounts` with the session repository, which opens sessions for active accounts only. */
export class InMemoryUserRepository implements UserRepository {
  private readonly idsByName = new Map<string, number>();
  private lastUsedId = 0;

  constructor(
    private readonly accounts: Map<number, User>,
    private readonly sessions: InMemorySessionRepository,
    private readonly tasks: InMemoryTaskRepository,
    private readonly staff: StaffMembers,
    private readonly clock: Clock,
  ) {}

  async add(newUser: NewUser): Promise<User | undefined> {
    if (this.idsByName.has(newUser.username)) return undefined;
    const user: User = { id: ++this.lastUsedId, active: true, ...newUser };
    this.accounts.set(user.id, user);
    this.idsByName.set(user.username, user.id);
    return user;
  }

  async find(id: number): Promise<User | undefined> {
    return this.accounts.get(id);
  }

  async findByName(username: string): Promise<User | undefined> {
    return this.named(username);
  }

  async list({ after, limit }: Page): Promise<readonly User[]> {
    const users = [...this.accounts.values()].filter(({ id }) => id > after);
    // An import may have added a user after those with higher ids.
    return users.toSorted((one, other) => one.id - other.id).slice(0, limit);
  }

  /** The last id that was used; 0 before the first. */
  get lastId(): number {
    return this.lastUsedId;
  }

  /** From now on, users who are added get ids above this one. */
  reserveIds(lastId: number): void {
    this.lastUsedId = Math.max(this.lastUsedId, lastId);
  }

  /** Adds a user with this id, whose id and name are free. */
  restore(user: User, { isStaff }: { readonly isStaff: boolean }): void {
    this.accounts.set(user.id, user);
    this.idsByName.set(user.username, user.id);
    if (isStaff && user.active) this.staff.add(user.id);
  }

  async replacePasswordHash(id: number, from: string, to: string): Promise<void> {
    if (this.accounts.get(id)?.passwordHash === from) this.change(id, { passwordHash: to });
  }

  async setPasswordHash(id: number, hash: string): Promise<boolean> {
    this.sessions.removeAll(id);
    return this.setPassword(id, hash);
  }

  async changePasswordHash(by: SessionRef, from: string, to: string): Promise<boolean> {
    this.sessions.requireActive(by);
    if (this.accounts.get(by.userId)?.passwordHash !== from) return false;
    this.sessions.removeAll(by.userId, by.sessionId);
    return this.setPassword(by.userId, to);
  }

  async setPasswordLink(id: number, link: PasswordLink): Promise<boolean> {
    return this.change(id, { passwordLink: link });
  }

  async usePasswordLink(id: number, digest: string, hash: string): Promise<boolean> {
    const { active, passwordLink } = this.accounts.get(id) ?? {};
    if (!active || !passwordLink || !opensWith(passwordLink, digest, this.clock())) return false;
    return this.setPasswordHash(id, hash);
  }

  async activate(id: number): Promise<boolean> {
    return this.change(id, { active: true });
  }

  async deactivate(id: number): Promise<boolean> {
    this.staff.remove(id);
    this.sessions.removeAll(id);
    return this.change(id, { active: false });
  }

  async remove(id: number): Promise<boolean> {
    const user = this.accounts.get(id);
    if (!user) return false;
    this.staff.remove(id);
    this.accounts.delete(id);
    this.idsByName.delete(user.username);
    this.sessions.forget(id);
    this.tasks.removeAll(id);
    return true;
  }

  async removeOwn(by: SessionRef): Promise<boolean> {
    this.sessions.requireActive(by);
    return this.remove(by.userId);
  }

  /** The users with this id and with this name. */
  holders({ id, username }: Pick<User, 'id' | 'username'>): readonly (User | undefined)[] {
    return [this.accounts.get(id), this.named(username)];
  }

  private named(username: string): User | undefined {
    const id = this.idsByName.get(username);
    return id === undefined ? undefined : this.accounts.get(id);
  }

  private setPassword(id: number, passwordHash: string): boolean {
    const { passwordLink: _, ...user } = this.accounts.get(id) ?? {};
    if (!('id' in user)) return false;
    this.accounts.set(id, { ...user, passwordHash });
    return true;
  }

  private change(id: number, changes: Partial<User>): boolean {
    const user = this.accounts.get(id);
    if (user) this.accounts.set(id, { ...user, ...changes });
    return user !== undefined;
  }
}
