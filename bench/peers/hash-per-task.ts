import type { Redis } from 'ioredis';
import type { Task, TaskDraft } from './tasks.js';

/** The layout that comes to mind first: a hash per task, and a sorted set with the ids of each user's tasks. */
export class HashPerTask {
  constructor(private readonly redis: Redis) {}

  async list(userId: number): Promise<Task[]> {
    const ids = await this.redis.zrange(idsOf(userId), 0, '-1');
    const pipeline = this.redis.pipeline();
    for (const id of ids) pipeline.hgetall(key(userId, id));
    const replies = (await pipeline.exec()) ?? [];
    return replies.map(([, fields]) => toTask(fields as Record<string, string>)).filter(Boolean) as Task[];
  }

  async create(userId: number, draft: TaskDraft): Promise<Task> {
    const task = { id: await this.redis.incr(`user:${userId}:task-ids`), ...draft };
    await this.redis.hset(key(userId, task.id), task);
    await this.redis.zadd(idsOf(userId), task.id, task.id);
    return task;
  }

  async find(userId: number, id: number | string): Promise<Task | undefined> {
    return toTask(await this.redis.hgetall(key(userId, id)));
  }

  async update(userId: number, id: number, changes: Partial<TaskDraft>): Promise<Task | undefined> {
    const task = await this.find(userId, id);
    if (!task) return undefined;
    if (Object.keys(changes).length > 0) await this.redis.hset(key(userId, id), changes);
    return { ...task, ...changes };
  }

  async remove(userId: number, id: number): Promise<boolean> {
    const removed = await this.redis.del(key(userId, id));
    await this.redis.zrem(idsOf(userId), id);
    return removed === 1;
  }
}

function key(userId: number, id: number | string): string {
  return `user:${userId}:task:${id}`;
}

function idsOf(userId: number): string {
  return `user:${userId}:tasks`;
}

function toTask({ id, title = '', description = '', status }: Record<string, string>): Task | undefined {
  return id === undefined
    ? undefined
    : { id: Number(id), title, description, status: status as Task['status'] };
}
