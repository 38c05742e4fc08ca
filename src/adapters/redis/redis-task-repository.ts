import { randomUUID } from 'node:crypto';
import type { Clock, RepeatableRequest, TaskRepository } from '../../application/ports.js';
import { DomainError } from '../../domain/errors.js';
import { maxPageSize, type Page } from '../../domain/page.js';
import type { Task, TaskChanges, TaskDraft, TaskStatus } from '../../domain/task.js';
import type { Keys } from './keys.js';
import type { RedisConnection } from './redis-connection.js';
import { isLive } from './session-text.js';
import * as scripts from './task-scripts.js';
import { unlessRefused } from './unless-refused.js';

export class RedisTaskRepository implements TaskRepository {
  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: Keys,
    private readonly clock: Clock,
  ) {}

  async create(
    ownerId: number,
    { title, description, status }: TaskDraft,
    within = '',
    limit = Infinity,
    request?: RepeatableRequest,
  ): Promise<Task> {
    const { tasks, sessions, taskIds } = this.keys.ofUser(ownerId);
    const operation = request
      ? this.keys.request(ownerId, request.key)
      : this.keys.operation(ownerId, randomUUID());
    const afterId = ['', status, title, description].join(separator);
    const now = this.clock();
    const id = unlessRefused(
      await scripts.createTask(
        this.redis,
        tasks,
        sessions,
        taskIds,
        operation,
        within,
        now,
        limit,
        request?.fingerprint ?? '',
        afterId,
      ),
    );
    return { id, title, description, status };
  }

  async find(ownerId: number, id: number, within = ''): Promise<Task | undefined> {
    const { tasks, sessions } = this.keys.ofUser(ownerId);
    const text = unlessRefused(await scripts.findTask(this.redis, tasks, sessions, within, this.clock(), id));
    return parseTasks(text ?? '')[0];
  }

  async list(ownerId: number, { after, limit }: Page, within?: string): Promise<readonly Task[]> {
    const { tasks, sessions } = this.keys.ofUser(ownerId);
    const from = `(${after}`;
    // Whoever asks for a page that is not short has a list that is not.
    const mayBeShort = limit <= scripts.shortList.tasks || limit >= maxPageSize;
    if (within !== undefined && mayBeShort) {
      const now = this.clock();
      const text = unlessRefused(
        await scripts.listTasks(this.redis, tasks, sessions, within, now, from, limit),
      );
      if (text !== null) return parseTasks(text);
    }
    // A list that may be long: two commands, that leave together.
    const [texts, session] = await Promise.all([
      this.redis.send((client) => client.zrangebyscore(tasks, from, '+inf', 'LIMIT', 0, limit)),
      within === undefined ? null : this.redis.send((client) => client.hget(sessions, within)),
    ]);
    if (within !== undefined && !isLive(session, this.clock())) throw new DomainError('token_revoked');
    return parseTasks(texts.join(separator));
  }

  async update(ownerId: number, id: number, changes: TaskChanges, within = ''): Promise<Task | undefined> {
    const { tasks, sessions } = this.keys.ofUser(ownerId);
    const fields = Object.entries(changes).flat();
    const now = this.clock();
    const text = unlessRefused(
      await scripts.updateTask(this.redis, tasks, sessions, within, now, id, ...fields),
    );
    return parseTasks(text ?? '')[0];
  }

  async remove(ownerId: number, id: number, within = ''): Promise<boolean> {
    const { tasks, sessions } = this.keys.ofUser(ownerId);
    const operation = this.keys.operation(ownerId, randomUUID());
    const now = this.clock();
    return (
      unlessRefused(await scripts.removeTask(this.redis, tasks, sessions, operation, within, now, id)) === 1
    );
  }
}

/**
 * Between the parts of a task's text: id, status, title, description. None of them holds it, for the domain refuses it.
 * JSON would take 44 bytes more per task, and twice the time to read.
 */
const separator = '\0';

/** Reads the texts of any number of tasks, with the separator between them too. */
function parseTasks(text: string): Task[] {
  const parts = text.split(separator);
  const tasks: Task[] = [];
  for (let i = 0; i + 3 < parts.length; i += 4) {
    tasks.push({
      id: Number(parts[i]),
      title: parts[i + 2] ?? '',
      description: parts[i + 3] ?? '',
      status: parts[i + 1] as TaskStatus,
    });
  }
  return tasks;
}
