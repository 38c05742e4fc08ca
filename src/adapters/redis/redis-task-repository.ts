import { randomUUID } from 'node:crypto';
import type { Clock, RepeatableRequest, TaskRepository } from '../../application/ports.js';
import type { Page } from '../../domain/page.js';
import {
  unlimited,
  type Task,
  type TaskChanges,
  type TaskDraft,
  type TaskLimits,
  type TaskPage,
} from '../../domain/task.js';
import type { Keys } from './keys.js';
import type { RedisConnection } from './redis-connection.js';
import * as scripts from './task-scripts.js';
import { parsePage, parseTask, textAfterId } from './task-text.js';
import { unlessRefused } from './unless-refused.js';

export class RedisTaskRepository implements TaskRepository {
  /** The last large page of each owner that is being read, or waits for its turn. */
  private readonly largeReads = new Map<number, Promise<unknown>>();

  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: Keys,
    private readonly clock: Clock,
  ) {}

  async create(
    ownerId: number,
    draft: TaskDraft,
    within = '',
    limits: TaskLimits = unlimited,
    request?: RepeatableRequest,
  ): Promise<Task> {
    const { tasks, sessions, taskCounts, requestCounts } = this.keys.ofUser(ownerId);
    const now = this.clock();
    const text = textAfterId(draft);
    const reply = request
      ? scripts.createTaskOnce(
          this.redis,
          tasks,
          sessions,
          taskCounts,
          this.keys.request(ownerId, request.key),
          requestCounts,
          within,
          now,
          limits.tasks,
          limits.bytes,
          text,
          request.fingerprint,
          limits.requests,
        )
      : scripts.createTask(
          this.redis,
          tasks,
          sessions,
          taskCounts,
          this.keys.operation(ownerId, randomUUID()),
          within,
          now,
          limits.tasks,
          limits.bytes,
          text,
        );
    const id = unlessRefused(await reply);
    const { title, description, status } = draft;
    return { id, title, description, status };
  }

  async find(ownerId: number, id: number, within = ''): Promise<Task | undefined> {
    const { tasks, sessions } = this.keys.ofUser(ownerId);
    const text = unlessRefused(await scripts.findTask(this.redis, tasks, sessions, within, this.clock(), id));
    return text === null ? undefined : parseTask(text, id, tasks);
  }

  async list(ownerId: number, { after, limit }: Page, within = ''): Promise<TaskPage> {
    const { tasks, sessions, taskCounts } = this.keys.ofUser(ownerId);
    const read = (...mayBeLarge: 1[]) =>
      scripts.listTasks(
        this.redis,
        tasks,
        sessions,
        taskCounts,
        within,
        this.clock(),
        after,
        limit,
        ...mayBeLarge,
      );
    let reply = await read();
    if (reply === 'large') reply = await this.inTurn(ownerId, () => read(1));
    return parsePage(unlessRefused(reply), after, tasks);
  }

  async update(
    ownerId: number,
    id: number,
    changes: TaskChanges,
    within = '',
    maxBytes = Infinity,
  ): Promise<Task | undefined> {
    const { tasks, sessions, taskCounts } = this.keys.ofUser(ownerId);
    const fields = Object.entries(changes).flat();
    const now = this.clock();
    const text = unlessRefused(
      await scripts.updateTask(this.redis, tasks, sessions, taskCounts, within, now, id, maxBytes, ...fields),
    );
    return text === null ? undefined : parseTask(text, id, tasks);
  }

  async remove(ownerId: number, id: number, within = ''): Promise<boolean> {
    const { tasks, sessions, taskCounts } = this.keys.ofUser(ownerId);
    const operation = this.keys.operation(ownerId, randomUUID());
    const now = this.clock();
    const removed = await scripts.removeTask(
      this.redis,
      tasks,
      sessions,
      taskCounts,
      operation,
      within,
      now,
      id,
    );
    return unlessRefused(removed) === 1;
  }

  /** Reads one large page of an owner at a time: replies come in order, and others would wait for all of them. */
  private async inTurn<T>(ownerId: number, read: () => Promise<T>): Promise<T> {
    const reading = (this.largeReads.get(ownerId) ?? Promise.resolve()).then(read, read);
    this.largeReads.set(ownerId, reading);
    try {
      return await reading;
    } finally {
      if (this.largeReads.get(ownerId) === reading) this.largeReads.delete(ownerId);
    }
  }
}
