import type { SessionRef } from '../../application/ports/session-repository.js';
import type { CreateTaskOptions, TaskRepository } from '../../application/ports/task-repository.js';
import { DomainError } from '../../domain/errors.js';
import { maxPageBytes, type Page } from '../../domain/page.js';
import type { Task, TaskChanges, TaskDraft, TaskPage } from '../../domain/task.js';
import type { InMemoryIdempotencyKeys } from './in-memory-idempotency-keys.js';
import type { InMemorySessionRepository } from './in-memory-session-repository.js';

interface TaskList {
  lastId: number;
  /** The bytes of the texts of all tasks. */
  bytes: number;
  /** Ordered by id. */
  readonly tasks: Task[];
}

/** Tasks in a Map. Each method is one step, because it awaits nothing. */
export class InMemoryTaskRepository implements TaskRepository {
  private readonly lists = new Map<number, TaskList>();

  constructor(
    private readonly sessions: InMemorySessionRepository,
    private readonly idempotencyKeys: InMemoryIdempotencyKeys,
  ) {}

  async create(
    session: SessionRef,
    draft: TaskDraft,
    { limits, idempotency }: CreateTaskOptions,
  ): Promise<Task> {
    this.sessions.requireActive(session);
    const { userId } = session;
    const { title, description, status } = draft;
    const knownId = idempotency && this.idempotencyKeys.find(userId, idempotency);
    if (knownId !== undefined) return { id: knownId, title, description, status };

    let list = this.lists.get(userId);
    if (!list) this.lists.set(userId, (list = { lastId: 0, bytes: 0, tasks: [] }));
    const bytes = bytesOf(draft);
    if (list.tasks.length >= limits.tasks) throw new DomainError('task_limit_reached');
    if (list.bytes + bytes > limits.bytes) throw new DomainError('byte_limit_reached');
    if (idempotency && this.idempotencyKeys.countOf(userId) >= limits.idempotencyKeys) {
      throw new DomainError('idempotency_key_limit_reached');
    }
    const task: Task = { id: ++list.lastId, title, description, status };
    list.tasks.push(task);
    list.bytes += bytes;
    if (idempotency) this.idempotencyKeys.add(userId, idempotency, task.id);
    return task;
  }

  async find(session: SessionRef, id: number): Promise<Task | undefined> {
    this.sessions.requireActive(session);
    const { tasks } = this.lists.get(session.userId) ?? emptyList;
    return tasks[indexOf(tasks, id)];
  }

  async list(session: SessionRef, { after, limit }: Page): Promise<TaskPage> {
    this.sessions.requireActive(session);
    const { bytes, tasks: all } = this.lists.get(session.userId) ?? emptyList;
    const start = firstIndexFrom(all, after + 1);
    const tasks = all.slice(start, start + limit);
    // If all texts fit on a page, no list needs to count them.
    if (bytes > maxPageBytes) tasks.splice(lengthOfPage(tasks));
    return { tasks, hasMore: start + tasks.length < all.length };
  }

  async update(
    session: SessionRef,
    id: number,
    changes: TaskChanges,
    maxBytes: number,
  ): Promise<Task | undefined> {
    this.sessions.requireActive(session);
    const list = this.lists.get(session.userId) ?? emptyList;
    const index = indexOf(list.tasks, id);
    const task = list.tasks[index];
    if (!task) return undefined;
    const updated = { ...task, ...changes };
    const growth = bytesOf(updated) - bytesOf(task);
    if (growth > 0 && list.bytes + growth > maxBytes) throw new DomainError('byte_limit_reached');
    list.bytes += growth;
    return (list.tasks[index] = updated);
  }

  async remove(session: SessionRef, id: number): Promise<boolean> {
    this.sessions.requireActive(session);
    const list = this.lists.get(session.userId) ?? emptyList;
    const index = indexOf(list.tasks, id);
    const task = list.tasks[index];
    if (!task) return false;
    list.tasks.splice(index, 1);
    list.bytes -= bytesOf(task);
    return true;
  }

  /** Deletes all tasks of an owner who was removed. */
  removeAll(ownerId: number): void {
    this.lists.delete(ownerId);
  }
}

/** The list of users without tasks. It is never changed. */
const emptyList: TaskList = { lastId: 0, bytes: 0, tasks: [] };

/** How many of the tasks fit on one page. */
function lengthOfPage(tasks: readonly Task[]): number {
  let bytes = 0;
  const last = tasks.findIndex((task) => (bytes += bytesOf(task)) > maxPageBytes);
  return last === -1 ? tasks.length : last + 1;
}

/** The size of a task's title and description, in bytes of UTF-8. */
function bytesOf({ title, description }: TaskDraft): number {
  return Buffer.byteLength(title) + Buffer.byteLength(description);
}

/** The index of the task, or -1. */
function indexOf(tasks: readonly Task[], id: number): number {
  const index = firstIndexFrom(tasks, id);
  return tasks[index]?.id === id ? index : -1;
}

/** The index of the first task whose id is at least `id`, by binary search. */
function firstIndexFrom(tasks: readonly Task[], id: number): number {
  let low = 0;
  let high = tasks.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((tasks[middle]?.id ?? Infinity) < id) low = middle + 1;
    else high = middle;
  }
  return low;
}
