import type { Storage, StorageOptions } from '../../application/ports/storage.js';
import type { User } from '../../domain/user.js';
import { InMemoryArchive } from './in-memory-archive.js';
import { InMemoryIdempotencyKeys } from './in-memory-idempotency-keys.js';
import { InMemorySessionRepository } from './in-memory-session-repository.js';
import { InMemoryTaskRepository } from './in-memory-task-repository.js';
import { InMemoryRateLimiter } from './in-memory-rate-limiter.js';
import { InMemoryStaffRepository } from './in-memory-staff-repository.js';
import { InMemoryUserRepository } from './in-memory-user-repository.js';
import { StaffMembers } from './staff-members.js';

/** A storage in the memory of this process. It is complete and fast, and its data is lost when the process ends. */
export async function createStorage({ clock }: StorageOptions): Promise<Storage> {
  const accounts = new Map<number, User>();
  const sessions = new InMemorySessionRepository(accounts, clock);
  const tasks = new InMemoryTaskRepository(sessions, new InMemoryIdempotencyKeys(clock), clock);
  const members = new StaffMembers();
  const users = new InMemoryUserRepository(accounts, sessions, tasks, members, clock);
  return {
    users,
    sessions,
    tasks,
    rateLimiter: new InMemoryRateLimiter(clock),
    archive: new InMemoryArchive(users, tasks),
    staff: new InMemoryStaffRepository(accounts, members, users, sessions),
    check: async () => ({ reasons: [], warnings: [] }),
    async close() {},
  };
}
