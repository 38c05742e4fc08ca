import type { Archive, ArchivedTaskPage, ImportedUser } from '../../application/ports/archive.js';
import type { Clock } from '../../application/ports/environment.js';
import type { Page } from '../../domain/page.js';
import type { Task } from '../../domain/task.js';
import * as scripts from './archive-scripts.js';
import type { RedisConnection } from './connection/redis-connection.js';
import type { Keys } from './keys.js';
import { markFirstData } from './layout.js';
import { ascending, parsePage, textAfterId } from './lua/task-codec.js';
import type { RedisUserRepository } from './redis-user-repository.js';
import type { StaffMembers } from './staff-members.js';
import { nominated } from './staff-scripts.js';

/**
 * Imported tasks wait under keys of their own. One step makes them the user's and writes the account, then the name is
 * claimed, and last the user becomes staff: an account that nobody can reach must not stand in for the last one who is. A
 * crash in between leaves such an account, or a user who is not staff; their import goes on from there.
 */
export class RedisArchive implements Archive {
  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: Keys,
    private readonly clock: Clock,
    private readonly users: RedisUserRepository,
    private readonly staff: StaffMembers,
  ) {}

  lastUserId(): Promise<number> {
    return this.users.lastId();
  }

  async tasksOf(userId: number, { after, limit }: Page): Promise<ArchivedTaskPage> {
    const { tasks, taskCounts } = this.keys.ofUser(userId);
    const [lastTaskId, ...page] = await scripts.readTasks(this.redis, { tasks, taskCounts, after, limit });
    const { tasks: found, hasMore } = parsePage(page, after, ascending, tasks);
    return { tasks: found, hasMore, lastTaskId: Number(lastTaskId) };
  }

  async reserveUserIds(lastUserId: number): Promise<void> {
    await this.redis.send((client) => markFirstData(client, this.keys));
    await scripts.reserveUserIds(this.redis, { userIds: this.keys.userIds, lastId: lastUserId });
  }

  async begin({
    id,
    username,
    passwordHash,
    isStaff = false,
  }: ImportedUser): Promise<'begun' | 'present' | 'taken'> {
    const named = await this.users.findByName(username);
    if (named && named.id !== id) return 'taken';
    const account = named ?? (await this.users.find(id));
    if (account) {
      const isImported = account.username === username && account.passwordHash === passwordHash;
      if (!named && !(isImported && (await this.users.claimName(username, id)))) return 'taken';
      if (isStaff && (await this.staff.wasCutOff(id))) await this.staff.add(id);
      return 'present';
    }
    const { importedTasks, importedCounts } = this.keys.ofImport(id);
    await this.redis.send((client) => client.unlink(importedTasks, importedCounts));
    return 'begun';
  }

  async addTasks(userId: number, tasks: readonly Task[]): Promise<void> {
    await scripts.importTasks(this.redis, {
      ...this.keys.ofImport(userId),
      texts: tasks.map((task) => `${task.id}${textAfterId(task)}`).join('\0\0'),
      lastId: tasks.at(-1)?.id ?? 0,
      bytes: tasks.reduce((sum, task) => sum + Buffer.byteLength(task.title + task.description), 0),
    });
  }

  async finish(
    { id, username, passwordHash, active, createdAt, isStaff = false }: ImportedUser,
    lastTaskId: number,
  ): Promise<boolean> {
    const becomesStaff = isStaff && active;
    const finished = await scripts.finishImport(this.redis, {
      ...this.keys.ofUser(id),
      ...this.keys.ofImport(id),
      username,
      passwordHash,
      active: active ? 1 : 0,
      createdAt,
      mark: becomesStaff ? nominated : '',
      lastTaskId,
      now: this.clock(),
    });
    if (finished === 0) return false;
    if (!(await this.users.claimName(username, id))) {
      await this.users.removeAccount(id);
      return false;
    }
    if (becomesStaff) await this.staff.add(id);
    return true;
  }
}
