import { randomUUID } from 'node:crypto';
import type { Clock } from '../../application/ports/environment.js';
import type { SessionRef } from '../../application/ports/session-repository.js';
import type {
  CreateTaskOptions,
  TaskRepository,
  UpdateTaskOptions,
} from '../../application/ports/task-repository.js';
import type { Page } from '../../domain/page.js';
import { TaskSelector } from '../../domain/task-selector.js';
import type { TaskQuery, TaskSelection } from '../../domain/task-query.js';
import type { Task, TaskChanges, TaskDraft, TaskPage, TaskSummary } from '../../domain/task.js';
import type { Keys } from './keys.js';
import type { RedisConnection } from './connection/redis-connection.js';
import * as scripts from './task-scripts.js';
import { ascending, descending, parsePage, parseTask, textAfterId } from './lua/task-codec.js';

export class RedisTaskRepository implements TaskRepository {
  /** The last large page of each user that is being read or queued. */
  private readonly largeReads = new Map<number, Promise<unknown>>();
  private readonly selector = new TaskSelector(() => new Promise((resolve) => setImmediate(resolve)));

  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: Keys,
    private readonly clock: Clock,
  ) {}

  async create(
    { userId, sessionId }: SessionRef,
    draft: TaskDraft,
    { limits, idempotency }: CreateTaskOptions,
  ): Promise<Task> {
    const { tasks, sessions, taskCounts, idempotencyKeyCounts } = this.keys.ofUser(userId);
    // The common case needs no copy of this object, which would cost more than the object itself.
    const values = {
      tasks,
      sessions,
      taskCounts,
      idempotencyKeyCounts,
      operation: this.keys.operation(userId, randomUUID()),
      sessionId,
      now: this.clock(),
      maxTasks: limits.tasks,
      maxBytes: limits.bytes,
      maxIdempotencyKeys: limits.idempotencyKeys,
      textAfterId: textAfterId(draft),
    };
    const id = idempotency
      ? await scripts.createTaskOnce(this.redis, {
          ...values,
          request: this.keys.request(userId, idempotency.key),
          fingerprint: idempotency.fingerprint,
        })
      : await scripts.createTask(this.redis, values);
    const { title, description, status } = draft;
    return { id, title, description, status };
  }

  async find({ userId, sessionId }: SessionRef, id: number): Promise<Task | undefined> {
    const { tasks, sessions } = this.keys.ofUser(userId);
    const text = await scripts.findTask(this.redis, { tasks, sessions, sessionId, now: this.clock(), id });
    return text === null ? undefined : parseTask(text, id, tasks);
  }

  async list(session: SessionRef, page: Page): Promise<TaskPage> {
    let reply = await this.readPage(scripts.listTasks, session, page, 'small');
    if (reply === 'large') {
      reply = await this.enqueue(session.userId, () =>
        this.readPage(scripts.listTasks, session, page, 'large'),
      );
    }
    return parsePage(reply, page.after, ascending, this.keys.ofUser(session.userId).tasks);
  }

  select(session: SessionRef, query: TaskQuery): Promise<TaskSelection> {
    const { userId } = session;
    const { tasks } = this.keys.ofUser(userId);
    return this.selector.select(query, {
      readPage: async (page) => {
        const [list, follows] = page.descending
          ? [scripts.listTasksBackwards, descending]
          : [scripts.listTasks, ascending];
        const reply = await this.enqueue(userId, () => this.readPage(list, session, page, 'step'));
        return parsePage(reply, page.after, follows, tasks);
      },
      readMany: async (ids) => {
        const reply = await this.enqueue(userId, () =>
          scripts.findTasks(this.redis, { ...this.checked(session), ids: ids.join() }),
        );
        const known = new Set(ids);
        return parsePage(reply, 0, (id) => known.has(id), tasks);
      },
    });
  }

  async summary(session: SessionRef): Promise<TaskSummary> {
    const [revision, count, bytes] = await scripts.summariseTasks(this.redis, this.checked(session));
    return { revision, count, bytes };
  }

  async summaryOf(userId: number): Promise<TaskSummary> {
    const { tasks, taskCounts } = this.keys.ofUser(userId);
    const [revision, count, bytes] = await scripts.summariseTasksOf(this.redis, { tasks, taskCounts });
    return { revision, count, bytes };
  }

  async update(
    { userId, sessionId }: SessionRef,
    id: number,
    changes: TaskChanges,
    { maxBytes, expected }: UpdateTaskOptions,
  ): Promise<Task | undefined> {
    const { tasks, sessions, taskCounts } = this.keys.ofUser(userId);
    const values = {
      tasks,
      sessions,
      taskCounts,
      sessionId,
      now: this.clock(),
      id,
      maxBytes,
      title: changes.title ?? '',
      description: changes.description ?? '',
      status: changes.status ?? '',
    };
    const text = expected
      ? await scripts.updateExpectedTask(this.redis, {
          ...values,
          operation: this.keys.operation(userId, randomUUID()),
          ...expectation(expected),
        })
      : await scripts.updateTask(this.redis, values);
    return text === null ? undefined : parseTask(text, id, tasks);
  }

  async remove({ userId, sessionId }: SessionRef, id: number, expected?: TaskDraft): Promise<boolean> {
    const { tasks, sessions, taskCounts } = this.keys.ofUser(userId);
    const removed = await scripts.removeTask(this.redis, {
      tasks,
      sessions,
      taskCounts,
      operation: this.keys.operation(userId, randomUUID()),
      sessionId,
      now: this.clock(),
      id,
      ...expectation(expected),
    });
    return removed === 1;
  }

  private readPage(
    list: typeof scripts.listTasks,
    { userId, sessionId }: SessionRef,
    { after, limit }: Page,
    size: scripts.PageSize,
  ): Promise<string | readonly string[]> {
    const { tasks, sessions, taskCounts } = this.keys.ofUser(userId);
    const now = this.clock();
    return list(this.redis, { tasks, sessions, taskCounts, sessionId, now, after, limit, size });
  }

  /** What scripts that read several tasks check and read. */
  private checked({ userId, sessionId }: SessionRef) {
    const { tasks, sessions, taskCounts } = this.keys.ofUser(userId);
    return { tasks, sessions, taskCounts, sessionId, now: this.clock() };
  }

  /** Reads one large page per user at a time. Redis replies in order, so other commands would wait for all of them. */
  private async enqueue<T>(userId: number, read: () => Promise<T>): Promise<T> {
    const reading = (this.largeReads.get(userId) ?? Promise.resolve()).then(read, read);
    this.largeReads.set(userId, reading);
    try {
      return await reading;
    } finally {
      if (this.largeReads.get(userId) === reading) this.largeReads.delete(userId);
    }
  }
}

function expectation(expected: TaskDraft | undefined) {
  return {
    expectedTitle: expected?.title ?? '',
    expectedDescription: expected?.description ?? '',
    expectedStatus: expected?.status ?? '',
  };
}
