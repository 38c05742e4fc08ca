import type { Archive, ArchivedTaskPage, ImportedUser } from '../../application/ports/archive.js';
import type { Page } from '../../domain/page.js';
import type { Task } from '../../domain/task.js';
import type { User } from '../../domain/user.js';
import { lengthOfPage, type InMemoryTaskRepository } from './in-memory-task-repository.js';
import type { InMemoryUserRepository } from './in-memory-user-repository.js';

/** Every method does all its work before it returns its promise, so each method is one atomic step. */
export class InMemoryArchive implements Archive {
  /** The tasks of users whose import has begun. */
  private readonly imported = new Map<number, Task[]>();

  constructor(
    private readonly users: InMemoryUserRepository,
    private readonly tasks: InMemoryTaskRepository,
  ) {}

  async lastUserId(): Promise<number> {
    return this.users.lastId;
  }

  async tasksOf(userId: number, { after, limit }: Page): Promise<ArchivedTaskPage> {
    const { tasks, lastId } = this.tasks.all(userId);
    const rest = tasks.filter(({ id }) => id > after);
    const page = rest.slice(0, lengthOfPage(rest.slice(0, limit)));
    return { tasks: page, hasMore: page.length < rest.length, lastTaskId: lastId };
  }

  async reserveUserIds(lastUserId: number): Promise<void> {
    this.users.reserveIds(lastUserId);
  }

  async begin(user: User): Promise<'begun' | 'present' | 'taken'> {
    const [sameId, sameName] = this.users.holders(user);
    if (sameId && sameId === sameName) return 'present';
    if (sameId || sameName) return 'taken';
    this.imported.set(user.id, []);
    return 'begun';
  }

  async addTasks(userId: number, tasks: readonly Task[]): Promise<void> {
    this.imported.get(userId)?.push(...tasks);
  }

  async finish(
    { id, username, passwordHash, active, createdAt, isStaff = false }: ImportedUser,
    lastTaskId: number,
  ): Promise<boolean> {
    const holders = this.users.holders({ id, username });
    const tasks = this.imported.get(id) ?? [];
    this.imported.delete(id);
    if (holders.some((user) => user !== undefined)) return false;
    this.tasks.restore(id, tasks, lastTaskId);
    this.users.restore({ id, username, passwordHash, active, createdAt }, { isStaff });
    return true;
  }
}
