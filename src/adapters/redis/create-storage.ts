import type { Storage, StorageOptions } from '../../application/ports/storage.js';
import { Keys } from './keys.js';
import { RedisArchive } from './redis-archive.js';
import { RedisConnection } from './connection/redis-connection.js';
import type { RedisObserver } from './connection/outage-log.js';
import { inspectRedis } from './redis-inspection.js';
import { RedisHealth } from './connection/redis-health.js';
import { RedisSessionRepository } from './redis-session-repository.js';
import type { RedisSettings } from './connection/redis-settings.js';
import { RedisStaffRepository } from './redis-staff-repository.js';
import { StaffMembers } from './staff-members.js';
import { RedisTaskRepository } from './redis-task-repository.js';
import { RedisRateLimiter } from './redis-rate-limiter.js';
import { RedisUserRepository } from './redis-user-repository.js';

/** A storage in Redis: one server, the master behind Sentinels, or a Cluster. Redis may still be unavailable. */
export async function createStorage({
  clock,
  log,
  redis,
  observer,
}: StorageOptions & {
  readonly redis: RedisSettings;
  readonly observer?: RedisObserver | undefined;
}): Promise<Storage> {
  const connection = await RedisConnection.open(redis, log, observer);
  const keys = new Keys(redis.keyPrefix);
  const health = new RedisHealth(connection, keys);
  const members = new StaffMembers(connection, keys);
  const users = new RedisUserRepository(connection, keys, members, clock);
  const sessions = new RedisSessionRepository(connection, keys, clock);
  return {
    users,
    sessions,
    tasks: new RedisTaskRepository(connection, keys, clock),
    rateLimiter: new RedisRateLimiter(connection, keys, clock),
    archive: new RedisArchive(connection, keys, clock, users, members),
    staff: new RedisStaffRepository(connection, keys, members, users, sessions),
    check: () => health.check(),
    inspect: () => inspectRedis(connection, redis, keys, clock),
    close: () => connection.close(),
  };
}
