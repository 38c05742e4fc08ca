import { DomainError } from '../domain/errors.js';
import { maxPageSize, type Page } from '../domain/page.js';
import type { TaskSummary } from '../domain/task.js';
import type { User } from '../domain/user.js';
import { nameContaining } from './find-users.js';
import type { Archive } from './ports/archive.js';
import type { SessionRef, SessionRepository } from './ports/session-repository.js';
import type { StaffRepository } from './ports/staff-repository.js';
import type { TaskRepository } from './ports/task-repository.js';
import type { UserRepository } from './ports/user-repository.js';

/** A user, and whether they are staff. */
export interface ListedUser {
  readonly user: User;
  readonly isStaff: boolean;
}

/** Some users, ordered by id. More may follow the one with the id `next`; none do if that is undefined. */
export interface UserPage {
  readonly users: readonly ListedUser[];
  readonly next: number | undefined;
}

/** A user, with what they have in numbers. */
export interface UserDetails extends ListedUser {
  readonly sessions: number;
  readonly tasks: TaskSummary;
}

/** What is known of the whole service without counting. */
export interface Statistics {
  readonly staff: number;
  /** How many user ids were given, also to users who are deleted by now. */
  readonly lastUserId: number;
}

/** Users that are examined for one page, at most, however few of them match. */
const maxExamined = 10_000;

/** Shows users to staff, but for what their tasks say. Every method throws 'token_revoked' or 'not_staff'. */
export class BrowseUsers {
  constructor(
    private readonly staff: StaffRepository,
    private readonly users: UserRepository,
    private readonly sessions: SessionRepository,
    private readonly tasks: TaskRepository,
    private readonly archive: Archive,
  ) {}

  /**
   * The users on this page, if `search` is given only those whose name contains it, in any case. A page of a search may
   * end before its limit, even without a user.
   */
  async page(by: SessionRef, { after, limit }: Page, search?: string): Promise<UserPage> {
    const isStaff = await this.staffNow(by);
    const isFound = search === undefined ? () => true : nameContaining(search);
    const size = search === undefined ? limit : maxPageSize;
    const found: ListedUser[] = [];
    let last = after;
    for (let examined = 0; examined < maxExamined; examined += size) {
      const users = await this.users.list({ after: last, limit: size });
      for (const user of users) {
        last = user.id;
        if (isFound(user)) found.push({ user, isStaff: isStaff.has(user.id) });
        if (found.length === limit) return { users: found, next: last };
      }
      if (users.length < size) return { users: found, next: undefined };
    }
    return { users: found, next: last };
  }

  /** All such users, page by page as they are asked for. The right is checked at each page. */
  async *pages(by: SessionRef, after: number, search?: string): AsyncGenerator<UserPage, void, undefined> {
    for (let next: number | undefined = after; next !== undefined;) {
      const page: UserPage = await this.page(by, { after: next, limit: maxPageSize }, search);
      yield page;
      ({ next } = page);
    }
  }

  /** Throws 'account_not_found', too. */
  async show(by: SessionRef, userId: number): Promise<UserDetails> {
    const isStaff = await this.staffNow(by);
    const [user, sessions, tasks] = await Promise.all([
      this.users.find(userId),
      this.sessions.listOf(userId),
      this.tasks.summaryOf(userId),
    ]);
    if (!user) throw new DomainError('account_not_found');
    return { user, isStaff: isStaff.has(userId), sessions: sessions.length, tasks };
  }

  async statistics(by: SessionRef): Promise<Statistics> {
    const staff = await this.staffNow(by);
    return { staff: staff.size, lastUserId: await this.archive.lastUserId() };
  }

  private async staffNow(by: SessionRef): Promise<ReadonlySet<number>> {
    const [, staff] = await Promise.all([this.staff.authorise(by), this.staff.list()]);
    return new Set(staff);
  }
}
