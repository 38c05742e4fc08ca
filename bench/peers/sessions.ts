import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { signToken } from './tokens.js';

const lifetime = 24 * 60 * 60;

/** What one user has; the tag in braces keeps it in one slot of a cluster. */
export function keysOf(userId: number): { sessions: string; tasks: string; taskIds: string } {
  return {
    sessions: `{u:${userId}}:sessions`,
    tasks: `{u:${userId}}:tasks`,
    taskIds: `{u:${userId}}:task-ids`,
  };
}

/** Opens a session: a field in the hash of the user's sessions, and the two tokens that name it. */
export async function openSession(
  redis: Redis,
  userId: number,
): Promise<{ refresh: string; access: string }> {
  const sessionId = randomUUID();
  await redis.hset(keysOf(userId).sessions, sessionId, 1);
  await redis.expire(keysOf(userId).sessions, lifetime);
  const token = (type: 'access' | 'refresh') => signToken({ type, userId, sessionId }, lifetime);
  return { refresh: token('refresh'), access: token('access') };
}
