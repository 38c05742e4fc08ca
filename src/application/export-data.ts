import { archiveHeader, type ArchiveRecord } from '../domain/archive.js';
import { maxPageSize } from '../domain/page.js';
import type { User } from '../domain/user.js';
import { allUsers } from './find-users.js';
import type { Archive, ArchivedTaskPage } from './ports/archive.js';
import type { StaffRepository } from './ports/staff-repository.js';
import type { UserRepository } from './ports/user-repository.js';

/**
 * Exports all users with their tasks, for the operator. It is no snapshot: users who register meanwhile are left out,
 * and of concurrent changes some may be in it and others not.
 */
export class ExportData {
  constructor(
    private readonly users: UserRepository,
    private readonly archive: Archive,
    private readonly staff: StaffRepository,
  ) {}

  /** The records in order, read page by page as they are asked for. */
  async *execute(): AsyncGenerator<ArchiveRecord, void, undefined> {
    const lastUserId = await this.archive.lastUserId();
    yield archiveHeader(lastUserId);
    const staff = new Set(await this.staff.list());
    const counts = { users: 0, tasks: 0 };
    for await (const user of allUsers(this.users)) {
      if (user.id > lastUserId) break;
      counts.users++;
      for await (const record of this.recordsOf(user, staff.has(user.id))) {
        if (record.kind === 'task') counts.tasks++;
        yield record;
      }
    }
    yield { kind: 'end', ...counts };
  }

  private async *recordsOf(user: User, isStaff: boolean): AsyncGenerator<ArchiveRecord, void, undefined> {
    const { id: userId, username, passwordHash, active, createdAt } = user;
    let page: ArchivedTaskPage = await this.archive.tasksOf(userId, { after: 0, limit: maxPageSize });
    const { lastTaskId } = page;
    yield {
      kind: 'user',
      id: userId,
      username,
      passwordHash,
      active,
      createdAt,
      lastTaskId,
      ...(isStaff && { staff: true }),
    };
    for (;;) {
      for (const { id, title, description, status } of page.tasks) {
        if (id > lastTaskId) return;
        yield { kind: 'task', userId, id, title, description, status };
      }
      const last = page.tasks.at(-1);
      if (!page.hasMore || !last) return;
      page = await this.archive.tasksOf(userId, { after: last.id, limit: maxPageSize });
    }
  }
}
